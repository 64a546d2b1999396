using Hybrid.Targets;

namespace Hybrid.CloudConnector.OpenAi;

/// <summary>How the pool goes on, as configured or found out, and what may be said of it therefore.</summary>
internal sealed class ContinuationChoice
{
    private const int MostChecks = 3;
    private readonly OpenAiTargetOptions _options;
    private volatile Known _known;
    private int _checks;
    private int _checking;

    public ContinuationChoice(OpenAiTargetOptions options)
    {
        _options = options;
        _known = Describe(options.Continuation);
    }

    public ContinuationMode Mode => _known.Mode;

    public TargetDescriptor Descriptor => _known.Descriptor;

    /// <summary>The ways that may be tried.</summary>
    public IEnumerable<ContinuationMode> Candidates => _options.Continuation switch
    {
        ContinuationMode.None => [],
        ContinuationMode.Auto when _options.ChatTemplatePath is null => [ContinuationMode.Vllm, ContinuationMode.Prefill],
        ContinuationMode.Auto => [ContinuationMode.Vllm, ContinuationMode.Prefill, ContinuationMode.Completions],
        var one => [one],
    };

    public void Found(ContinuationMode mode) => _known = Describe(mode);

    /// <summary>Whether a check should begin by itself: nothing is known, none runs, and few were made.</summary>
    public bool BeginCheck()
    {
        if (Mode != ContinuationMode.Auto || Volatile.Read(ref _checks) >= MostChecks || Interlocked.Exchange(ref _checking, 1) == 1)
            return false;
        Interlocked.Increment(ref _checks);
        return true;
    }

    public void EndCheck() => Volatile.Write(ref _checking, 0);

    private Known Describe(ContinuationMode mode)
    {
        var can = _options.Descriptor.Capabilities & ~TargetCapabilities.Continuation;
        if (mode is not (ContinuationMode.Auto or ContinuationMode.None))
            can |= TargetCapabilities.Continuation;
        if (mode == ContinuationMode.Completions)
            can &= ~TargetCapabilities.LogProbabilities; // raw completions tell them in another form
        return new(mode, can == _options.Descriptor.Capabilities ? _options.Descriptor : _options.Descriptor with { Capabilities = can });
    }

    private sealed record Known(ContinuationMode Mode, TargetDescriptor Descriptor);
}
