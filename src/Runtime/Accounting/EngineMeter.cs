using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Hybrid.Targets;

namespace Hybrid.Accounting;

/// <summary>What a local engine tells the meter <c>Hybrid</c>, by model. Recording costs no allocation.</summary>
internal sealed class EngineMeter : IDisposable
{
    private static readonly Meter Meter = new(HybridMeter.Name);
    private static readonly ConcurrentDictionary<EngineMeter, byte> Engines = new();
    private static readonly Counter<long> Requests = Meter.CreateCounter<long>("hybrid.engine.requests", "{request}", "Requests that ended, by finish: stop, length, cancelled, failed or refused.");
    private static readonly Counter<long> Prefixes = Meter.CreateCounter<long>("hybrid.engine.prefixes", "{request}", "Requests that were started, by result: hit (some of the prompt was cached) or miss.");
    private static readonly Counter<long> PromptTokens = Meter.CreateCounter<long>("hybrid.engine.prompt_tokens", "{token}", "Prompt tokens, by kind: prefilled or cached.");
    private static readonly Counter<long> OutputTokens = Meter.CreateCounter<long>("hybrid.engine.output_tokens", "{token}", "Tokens that were decoded.");
    private static readonly Counter<long> DraftTokens = Meter.CreateCounter<long>("hybrid.engine.draft_tokens", "{token}", "Tokens that were guessed ahead, by result: accepted or rejected.");
    private static readonly Histogram<int> Steps = Meter.CreateHistogram<int>("hybrid.engine.step_tokens", "{token}", "Tokens of a step, by phase: prefill or decode.");
    private static readonly Histogram<double> QueueTime = Meter.CreateHistogram<double>("hybrid.engine.queue_time", "s", "Time from acceptance to the first prefill step.");
    private static readonly Histogram<double> FirstToken = Meter.CreateHistogram<double>("hybrid.engine.time_to_first_token", "s", "Time from acceptance to the first token.");
    private static readonly Histogram<double> Gap = Meter.CreateHistogram<double>("hybrid.engine.inter_token_latency", "s", "Time between two tokens of a request.");
    private static readonly Histogram<double> PrefillRate = Meter.CreateHistogram<double>("hybrid.engine.prefill_rate", "{token}/s", "Prompt tokens per second of a request's prefill, cached ones left out.");
    private static readonly Histogram<double> DecodeRate = Meter.CreateHistogram<double>("hybrid.engine.decode_rate", "{token}/s", "Tokens per second of a request after its first.");
    private static readonly Histogram<double> LoadTime = Meter.CreateHistogram<double>("hybrid.engine.load_time", "s", "Time to load a model.");

    private static readonly KeyValuePair<string, object?> Hit = new("result", "hit");
    private static readonly KeyValuePair<string, object?> Miss = new("result", "miss");
    private static readonly KeyValuePair<string, object?> Accepted = new("result", "accepted");
    private static readonly KeyValuePair<string, object?> Rejected = new("result", "rejected");
    private static readonly KeyValuePair<string, object?> Prefilled = new("kind", "prefilled");
    private static readonly KeyValuePair<string, object?> Cached = new("kind", "cached");
    private static readonly KeyValuePair<string, object?> PrefillPhase = new("phase", "prefill");
    private static readonly KeyValuePair<string, object?> DecodePhase = new("phase", "decode");
    private static readonly KeyValuePair<string, object?> FinishStop = new("finish", "stop");
    private static readonly KeyValuePair<string, object?> FinishLength = new("finish", "length");
    private static readonly KeyValuePair<string, object?> FinishCancelled = new("finish", "cancelled");
    private static readonly KeyValuePair<string, object?> FinishFailed = new("finish", "failed");
    private static readonly KeyValuePair<string, object?> FinishRefused = new("finish", "refused");
    private readonly KeyValuePair<string, object?> _model;
    private readonly int _cells;
    private Func<(int Queue, int Busy, int Cells)>? _load;

    static EngineMeter()
    {
        Meter.CreateObservableGauge("hybrid.engine.queue", () => Observe(load => load.Queue), "{request}", "Requests that wait.");
        Meter.CreateObservableGauge("hybrid.engine.active", () => Observe(load => load.Busy), "{request}", "Requests that are decoded.");
        Meter.CreateObservableGauge("hybrid.engine.kv_tokens", () => Observe(load => load.Cells), "{token}", "Tokens that the KV cache holds, prefixes of ended requests included.");
        Meter.CreateObservableGauge("hybrid.engine.kv_capacity", () => Engines.Keys.Select(engine => new Measurement<int>(engine._cells, engine._model)), "{token}", "Tokens that the KV cache can hold.");
    }

    /// <param name="model">The tag of all measurements.</param>
    /// <param name="cells">Tokens that the KV cache can hold.</param>
    public EngineMeter(string model, int cells) => (_model, _cells) = (new("model", model), cells);

    /// <summary>Lets the gauges ask from now on.</summary>
    public void Watch(Func<(int Queue, int Busy, int Cells)> load)
    {
        _load = load;
        Engines[this] = 0;
    }

    public void Loaded(TimeSpan time) => LoadTime.Record(time.TotalSeconds, _model);

    public void Refused() => Requests.Add(1, _model, FinishRefused);

    public void Started(int promptTokens, int cachedTokens)
    {
        Prefixes.Add(1, _model, cachedTokens > 0 ? Hit : Miss);
        if (cachedTokens > 0)
            PromptTokens.Add(cachedTokens, _model, Cached);
        PromptTokens.Add(promptTokens - cachedTokens, _model, Prefilled);
    }

    public void PrefillStep(int tokens) => Steps.Record(tokens, _model, PrefillPhase);

    public void DecodeStep(int tokens) => Steps.Record(tokens, _model, DecodePhase);

    public void Drafted(int accepted, int rejected)
    {
        DraftTokens.Add(accepted, _model, Accepted);
        DraftTokens.Add(rejected, _model, Rejected);
    }

    /// <summary>The first token of a request.</summary>
    public void Began(TimeSpan sinceAccepted)
    {
        OutputTokens.Add(1, _model);
        FirstToken.Record(sinceAccepted.TotalSeconds, _model);
    }

    /// <summary>A further token of a request.</summary>
    public void WentOn(TimeSpan sinceLast)
    {
        OutputTokens.Add(1, _model);
        Gap.Record(sinceLast.TotalSeconds, _model);
    }

    public void Completed(DecodeCompletion completion)
    {
        Requests.Add(1, _model, completion.Finish == DecodeFinish.Length ? FinishLength : FinishStop);
        QueueTime.Record(completion.QueueTime.TotalSeconds, _model);
        if (completion.PrefillTime > TimeSpan.Zero)
            PrefillRate.Record((completion.PromptTokens - completion.CachedTokens) / completion.PrefillTime.TotalSeconds, _model);
        if (completion.DecodeTime > TimeSpan.Zero)
            DecodeRate.Record((completion.OutputTokens - 1) / completion.DecodeTime.TotalSeconds, _model);
    }

    public void Cancelled() => Requests.Add(1, _model, FinishCancelled);

    public void Failed() => Requests.Add(1, _model, FinishFailed);

    public void Dispose() => Engines.TryRemove(this, out _);

    private static IEnumerable<Measurement<int>> Observe(Func<(int Queue, int Busy, int Cells), int> part) =>
        Engines.Keys.Select(engine => new Measurement<int>(part(engine._load!()), engine._model));
}
