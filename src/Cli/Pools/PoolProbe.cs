using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Hybrid.CloudConnector.OpenAi;
using Hybrid.Targets;

namespace Hybrid.Cli.Pools;

/// <summary>One thing that a pool can do, or cannot.</summary>
/// <param name="Feature">What.</param>
/// <param name="Works">Whether it does; null: it was not tried.</param>
/// <param name="Detail">What was seen.</param>
internal sealed record PoolFeature(string Feature, bool? Works, string Detail);

/// <summary>Says, feature by feature, what a place can do, by short greedy questions of our own; no prompt of a user is sent.</summary>
internal sealed class PoolProbe(PoolPlace place)
{
    private const int Tokens = 48;
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(5); // a cold start included
    private static readonly TimeSpan SoonStopped = TimeSpan.FromSeconds(1);
    private readonly List<PoolFeature> _found = [];

    public async Task<IReadOnlyList<PoolFeature>> RunAsync(CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(Longest);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        var (state, took) = await place.AskAsync(limit.Token);
        _found.Add(new("state", took is null ? null : state.Readiness != TargetReadiness.Unavailable, took is { } time ? $"{state.Readiness.ToString().ToLowerInvariant()}, told in {time.TotalMilliseconds:0} ms" : state.Reason is { Length: > 0 } reason ? reason : "cannot be asked"));

        var whole = await AskAsync(Ask, limit.Token);
        if (whole.Fault is { } fault)
        {
            _found.Add(new("answers", false, fault));
            return _found;
        }

        _found.Add(new("answers", whole.Text.Length > 0, string.Create(CultureInfo.InvariantCulture, $"first token after {whole.First.TotalMilliseconds:0} ms, {whole.Tokens} tokens at {whole.TokensPerSecond:0.#} tokens/s, {whole.Completion!.Finish.ToString().ToLowerInvariant()}")));
        _found.Add(new("streams", whole.Pieces > 1, $"{whole.Pieces} pieces"));
        _found.Add(new("counts tokens", whole.Completion.PromptTokens > 0 && whole.Completion.OutputTokens > 0, $"{whole.Completion.PromptTokens} in, {whole.Completion.OutputTokens} out"));
        _found.Add(new("tells token ids", whole.HasIds, whole.HasIds ? "a stream can move to it token by token" : "a stream can move to it by its text alone"));
        _found.Add(await AgainAsync(whole, limit.Token));
        _found.Add(await ContinuesAsync(whole, limit.Token));
        _found.Add(await StopsAtAsync(whole, limit.Token));
        _found.Add(await CancelsAsync(limit.Token));
        _found.Add(await KeepsJsonAsync(limit.Token));
        _found.Add(await ScoresAsync(limit.Token));
        return _found;
    }

    private DecodeRequest Ask => new()
    {
        Prompt = place.Target.Descriptor.Capabilities.HasFlag(TargetCapabilities.Chat)
            ? new MessagesPrompt([new("user", "Say the days of the week, then the months of the year.")])
            : new TextPrompt("The days of the week are Monday,"),
        Sampling = SamplingOptions.Greedy,
        MaxTokens = Tokens,
        Privacy = PrivacyClass.Public,
        Id = "probe",
    };

    private async Task<PoolFeature> AgainAsync(Heard whole, CancellationToken cancellationToken)
    {
        var again = await AskAsync(Ask, cancellationToken);
        return new("says the same again", again.Fault is null && again.Text == whole.Text, again.Fault ?? (again.Text == whole.Text ? "greedy answers are equal" : "greedy answers differ: load or batching changes its rounding"));
    }

    private async Task<PoolFeature> ContinuesAsync(Heard whole, CancellationToken cancellationToken)
    {
        const string Feature = "goes on from text";
        var cut = whole.Text.IndexOf(' ', Math.Min(whole.Text.Length / 2, whole.Text.Length - 1));
        if (cut <= 0) return new(Feature, null, "its answer is too short to cut");
        if (place.Target is OpenAiTarget openAi) await openAi.ProbeContinuationAsync(cancellationToken);
        if (!place.Target.Descriptor.Capabilities.HasFlag(TargetCapabilities.Continuation)) return new(Feature, false, "it does not claim to");
        var rest = await AskAsync(Ask with { Continuation = whole.Text[..cut] }, cancellationToken);
        if (rest.Fault is { } fault) return new(Feature, false, fault);
        var wanted = whole.Text[cut..];
        if (rest.Text.StartsWith(wanted, StringComparison.Ordinal) || (rest.Text.Length > 0 && wanted.StartsWith(rest.Text, StringComparison.Ordinal))) return new(Feature, true, "as the unbroken answer");
        return whole.Text.StartsWith(rest.Text.TrimStart(), StringComparison.Ordinal) ? new(Feature, false, "it starts over") : new(Feature, null, "with other words than the unbroken answer; compare them");
    }

    private async Task<PoolFeature> StopsAtAsync(Heard whole, CancellationToken cancellationToken)
    {
        const string Feature = "stops at a string";
        var words = whole.Text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 3) return new(Feature, null, "its answer is too short");
        var stop = words[words.Length / 2];
        var stopped = await AskAsync(Ask with { StopSequences = [stop] }, cancellationToken);
        if (stopped.Fault is { } fault) return new(Feature, false, fault);
        var right = whole.Text[..whole.Text.IndexOf(stop, StringComparison.Ordinal)];
        return new(Feature, stopped.Text == right && stopped.Completion!.Finish == DecodeFinish.Stop, stopped.Text == right ? "and leaves it out" : "not where it should");
    }

    private async Task<PoolFeature> CancelsAsync(CancellationToken cancellationToken)
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var began = 0L;
        try
        {
            await foreach (var update in place.Target.GenerateAsync(Ask with { MaxTokens = 2000 }, cancel.Token))
            {
                if (update.Text.Length == 0) continue;
                began = Stopwatch.GetTimestamp();
                await cancel.CancelAsync();
            }
        }
        catch (Exception error) when (error is OperationCanceledException or HybridException && !cancellationToken.IsCancellationRequested)
        {
            // How long that took is what counts.
        }

        if (began == 0) return new("can be cancelled", null, "nothing came to cancel");
        var took = Stopwatch.GetElapsedTime(began);
        return new("can be cancelled", took < SoonStopped, $"let go after {took.TotalMilliseconds:0} ms");
    }

    private async Task<PoolFeature> KeepsJsonAsync(CancellationToken cancellationToken)
    {
        const string Feature = "keeps to a schema";
        if (!place.Target.Descriptor.Capabilities.HasFlag(TargetCapabilities.Json)) return new(Feature, null, "it does not claim to");
        const string Schema = """{"type":"object","properties":{"day":{"enum":["Monday","Sunday"]}},"required":["day"],"additionalProperties":false}""";
        var json = await AskAsync(Ask with { Format = new JsonSchemaOutput(Schema) }, cancellationToken);
        if (json.Fault is { } fault) return new(Feature, false, fault);
        try
        {
            using var parsed = JsonDocument.Parse(json.Text);
            return new(Feature, parsed.RootElement.TryGetProperty("day", out _), "an object of one key");
        }
        catch (JsonException)
        {
            return new(Feature, false, "its answer is no JSON");
        }
    }

    private async Task<PoolFeature> ScoresAsync(CancellationToken cancellationToken)
    {
        const string Feature = "tells log-probabilities";
        if (!place.Target.Descriptor.Capabilities.HasFlag(TargetCapabilities.LogProbabilities)) return new(Feature, null, "it does not claim to");
        var scored = await AskAsync(Ask with { LogProbabilities = 0, MaxTokens = 8 }, cancellationToken);
        return new(Feature, scored.Fault is null && scored.Scores > 0, scored.Fault ?? $"of {scored.Scores} tokens");
    }

    private async Task<Heard> AskAsync(DecodeRequest request, CancellationToken cancellationToken)
    {
        var (began, text, heard) = (Stopwatch.GetTimestamp(), "", new Heard());
        try
        {
            await foreach (var update in place.Target.GenerateAsync(request, cancellationToken))
            {
                heard.Add(update, Stopwatch.GetElapsedTime(began));
                text += update.Text;
            }
        }
        catch (HybridException error)
        {
            heard.Fault = error.Message;
        }

        heard.Text = text;
        return heard;
    }

    private sealed class Heard
    {
        private TimeSpan _last;

        public string Text { get; set; } = "";

        public string? Fault { get; set; }

        public TimeSpan First { get; private set; }

        public int Pieces { get; private set; }

        public int Tokens { get; private set; }

        public int Scores { get; private set; }

        public bool HasIds { get; private set; }

        public DecodeCompletion? Completion { get; private set; }

        public double TokensPerSecond => _last > First ? (Tokens - 1) / (_last - First).TotalSeconds : 0;

        public void Add(in DecodeUpdate update, TimeSpan at)
        {
            if (update.Text.Length > 0)
            {
                if (Pieces++ == 0) First = at;
                _last = at;
            }

            Tokens += update.TokenCount;
            Scores += update.Scores?.Count ?? 0;
            HasIds |= update.Tokens.Count > 0;
            Completion = update.Completion ?? Completion;
        }
    }
}
