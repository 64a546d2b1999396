using Hybrid.Engines.LlamaCpp;
using Hybrid.Targets;

namespace Hybrid.Benchmarks.Engine.Soaking;

/// <summary>One of many who ask at random: to the end, to be cancelled, with a deadline, too much, or reading slowly.</summary>
internal sealed class SoakClient(IReadOnlyList<SoakModel> models, SoakCounts counts, int seed)
{
    // Far above what any request here takes; one that is longer under way is lost.
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(60);
    private readonly Random _random = new(seed);

    private enum Kind
    {
        Whole, Cancelled, Deadline, TooLong, SlowReader,
    }

    public async Task RunAsync(CancellationToken enough)
    {
        while (!enough.IsCancellationRequested)
        {
            var model = models[_random.Next(models.Count)];
            if (model.Engine is { } engine)
                await AskAsync(model, engine);
            await Task.Delay(_random.Next(0, 30), CancellationToken.None);
        }
    }

    private async Task AskAsync(SoakModel model, LlamaEngine engine)
    {
        var kind = _random.Next(100) switch { < 60 => Kind.Whole, < 80 => Kind.Cancelled, < 90 => Kind.Deadline, < 95 => Kind.TooLong, _ => Kind.SlowReader };
        var question = model.Answers[_random.Next(model.Answers.Count)];
        var request = model.Request(question);
        if (kind == Kind.Deadline)
            request = request with { Deadline = TimeProvider.System.GetUtcNow().AddMilliseconds(_random.Next(1, 200)) };
        if (kind == Kind.TooLong)
            request = request with { Prompt = new TokensPrompt(Enumerable.Repeat(question.Prompt, 100).SelectMany(all => all).ToArray()) };
        using var cancel = new CancellationTokenSource();
        if (kind == Kind.Cancelled)
            cancel.CancelAfter(_random.Next(0, 100));
        try
        {
            var reading = ReadAsync(engine, request, kind == Kind.SlowReader, cancel.Token);
            if (await Task.WhenAny(reading, Task.Delay(Hang, CancellationToken.None)) != reading)
                Count(ref counts.Lost, $"A request ({kind}) had not ended after {Hang.TotalSeconds} s.");
            else if (await reading is var text && text == question.Answer)
                Interlocked.Increment(ref counts.Finished);
            else
                Count(ref counts.Wrong, $"A stream ({kind}) is wrong: '{text}' instead of '{question.Answer}'.");
        }
        catch (OperationCanceledException) when (kind == Kind.Cancelled)
        {
            Interlocked.Increment(ref counts.Cancelled);
        }
        catch (HybridException exception)
        {
            switch (exception.Error)
            {
                case HybridError.DeadlineExceeded when kind == Kind.Deadline:
                    Interlocked.Increment(ref counts.Late);
                    break;
                case HybridError.ContextExceeded when kind == Kind.TooLong:
                    Interlocked.Increment(ref counts.Refused);
                    break;
                case HybridError.Busy:
                    Interlocked.Increment(ref counts.Busy);
                    break;
                case HybridError.TargetUnavailable when model.Engine != engine:
                    Interlocked.Increment(ref counts.Unloaded);
                    break;
                default:
                    Count(ref counts.Lost, $"A request ({kind}) failed: {exception.Message}");
                    break;
            }
        }
        catch (Exception exception)
        {
            Count(ref counts.Lost, $"A request ({kind}) failed: {exception}");
        }
    }

    private async Task<string> ReadAsync(LlamaEngine engine, DecodeRequest request, bool slowly, CancellationToken cancellationToken)
    {
        var (text, complete) = ("", false);
        await foreach (var update in engine.GenerateAsync(request, cancellationToken))
        {
            text += update.Text;
            complete |= update.Completion is not null;
            if (slowly)
                await Task.Delay(_random.Next(0, 5), CancellationToken.None);
        }

        return complete ? text : throw new InvalidOperationException("A stream ended without a completion.");
    }

    private static void Count(ref int count, string what)
    {
        Interlocked.Increment(ref count);
        Console.Error.WriteLine(what);
    }
}
