using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Targets;
using Hybrid.Tests.Engines.Residency;

namespace Hybrid.Tests.Engines.LlamaCpp;

/// <summary>What a listener sees of an engine with a name of its own.</summary>
[Collection("llama.cpp")]
public sealed class EngineMeterTests : IDisposable
{
    private const string Model = "metered";
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<string, (int Count, double Sum)> _seen = new();

    public EngineMeterTests()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name.StartsWith("hybrid.engine.", StringComparison.Ordinal))
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => See(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => See(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => See(instrument, value, tags));
        _listener.Start();
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task Everything_that_an_operator_asks_about_is_measured_by_model()
    {
        await using (var engine = await LoadAsync())
        {
            var first = await engine.AnswerAsync(Starter.Ask(Starter.Question, maxTokens: 200));
            var again = await engine.AnswerAsync(Starter.Ask(Starter.Question, maxTokens: 3));
            await Shelf.UntilAsync(() => engine.State.BusySlots == 0); // a step is accounted for behind its last token
            Assert.Equal((2, (double)again.Completion.CachedTokens), (Sum("prefixes hit") + Sum("prefixes miss"), Sum("prompt_tokens cached")));
            Assert.Equal((1d, 1d), (Sum("requests stop"), Sum("requests length")));
            Assert.Equal(first.Completion.PromptTokens + again.Completion.PromptTokens - again.Completion.CachedTokens, Sum("prompt_tokens prefilled"));
            Assert.Equal(Sum("prompt_tokens prefilled"), Sum("step_tokens prefill"));
            Assert.Equal(first.Tokens.Count + 3, Sum("output_tokens"));
            Assert.Equal(2, Count("time_to_first_token"));
            Assert.Equal(first.Tokens.Count + 3 - 2, Count("inter_token_latency"));
            Assert.Equal((2, 2, 2), (Count("queue_time"), Count("prefill_rate"), Count("decode_rate")));
            Assert.Equal(first.Completion.DraftedTokens + again.Completion.DraftedTokens, Sum("draft_tokens accepted") + Sum("draft_tokens rejected"));
            Assert.InRange(Sum("step_tokens decode"), Count("step_tokens decode"), 400);
            Assert.Equal(1, Count("load_time"));

            _listener.RecordObservableInstruments();
            Assert.Equal((0d, 0d), (Sum("queue"), Sum("active")));
            Assert.InRange(Sum("kv_tokens"), first.Completion.PromptTokens, Sum("kv_capacity"));
        }

        _seen.Clear();
        _listener.RecordObservableInstruments();
        Assert.DoesNotContain("kv_tokens", _seen.Keys);
    }

    [Fact]
    public async Task A_completion_and_the_meter_count_the_same_drafts_wherever_an_answer_is_cut()
    {
        await using var engine = await LoadAsync();
        var (accepted, rejected) = (0, 0);
        for (var most = 20; most < 100; most++)
        {
            var completion = (await engine.AnswerAsync(Starter.Ask("Repeat: pump-3, fan-12, 417, valve-9, 88, motor-5, 3021, tank-4, 77, crane-2, press-7, 940, pump-3, fan-12", most))).Completion;
            (accepted, rejected) = (accepted + completion.AcceptedTokens, rejected + completion.DraftedTokens - completion.AcceptedTokens);
        }

        await Shelf.UntilAsync(() => engine.State.BusySlots == 0);
        Assert.True(accepted > 0, "No draft was accepted.");
        Assert.Equal((accepted, rejected), (Sum("draft_tokens accepted"), Sum("draft_tokens rejected")));
    }

    [Fact]
    public async Task A_request_that_nobody_waits_for_counts_as_cancelled_and_one_too_many_as_refused()
    {
        using var entered = new ManualResetEventSlim();
        using var gate = new ManualResetEventSlim();
        using var unwanted = new CancellationTokenSource();
        await using (var engine = await LoadAsync(queue: 1))
        {
            var running = engine.AnswerAsync(Starter.Ask(Starter.Question) with { OnToken = _ => { entered.Set(); gate.Wait(); } }, unwanted.Token);
            Assert.True(entered.Wait(Starter.Hang));
            var waiting = engine.AnswerAsync(Starter.Ask(Starter.Question), unwanted.Token);
            var error = await Assert.ThrowsAsync<HybridException>(() => engine.AnswerAsync(Starter.Ask("x")));
            Assert.Equal(HybridError.Busy, error.Error);
            await unwanted.CancelAsync();
            gate.Set();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        }

        Assert.Equal(1, Sum("requests refused"));
        Assert.Equal(2, Sum("requests cancelled"));
    }

    [Theory]
    [InlineData(60_000, 1, 3)]
    [InlineData(0, 8, 500)]
    public async Task A_prompt_beside_a_running_stream_is_prefilled_in_pieces_of_the_pause_that_is_allowed(int milliseconds, int fewest, int most)
    {
        var time = new TickingTimeProvider();
        await using var engine = await LoadAsync(slots: 2, pause: TimeSpan.FromMilliseconds(milliseconds), time: time);
        await engine.AnswerAsync(Prompt(700, 1)); // so that the engine knows what prefill takes
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var asked = new ManualResetEventSlim(); // until then it rambles no further
        var rambling = Starter.Ask("Ramble.", maxTokens: 800) with
        {
            Format = new GrammarOutput("root ::= [a-z ]{3000}"),
            OnToken = _ =>
            {
                begun.TrySetResult();
                asked.Wait(Starter.Hang);
            },
        };
        var running = engine.AnswerAsync(rambling);
        await begun.Task.WaitAsync(Starter.Hang, TestContext.Current.CancellationToken);
        time.Stands = true; // a piece may take as long as a step of the stream, and that takes no time from now on
        var before = Count("step_tokens prefill");
        var answer = engine.AnswerAsync(Prompt(500, 2));
        asked.Set();
        await answer;
        Assert.InRange(Count("step_tokens prefill") - before, fewest, most);
        await running;

        static DecodeRequest Prompt(int tokens, int seed)
        {
            var random = new Random(seed);
            return Starter.Ask("", maxTokens: 1) with { Prompt = new TokensPrompt(Enumerable.Range(0, tokens).Select(_ => random.Next(256, 1000)).ToArray()) };
        }
    }

    private static Task<LlamaEngine> LoadAsync(int queue = 64, int slots = 1, TimeSpan? pause = null, TimeProvider? time = null)
    {
        var options = new LlamaEngineOptions
        {
            ModelPath = Starter.Edge,
            Threads = 1,
            Slots = slots,
            KvTokens = slots * 1024,
            LongestPause = pause ?? TimeSpan.FromMilliseconds(150),
            QueueCapacity = queue,
            Descriptor = new() { Name = "device", Model = Model, Zone = Zone.Device },
        };
        return LlamaEngine.LoadAsync(options, time ?? new TickingTimeProvider()); // drafts pay, whatever the machine does beside
    }

    private double Sum(string name) => _seen.GetValueOrDefault(name).Sum;

    private int Count(string name) => _seen.GetValueOrDefault(name).Count;

    private void See(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var name = instrument.Name["hybrid.engine.".Length..];
        var ours = false;
        foreach (var (key, tag) in tags)
        {
            if (key == "model")
                ours = tag as string == Model;
            else
                name += " " + tag;
        }

        if (ours)
            _seen.AddOrUpdate(name, (1, value), (_, seen) => (seen.Count + 1, seen.Sum + value));
    }
}
