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
        _known = Describe(options.Continuation, echoes: false, isChecked: false);
    }

    public ContinuationMode Mode => _known.Mode;

    /// <summary>Whether it says the text again before it goes on from it.</summary>
    public bool Echoes => _known.Echoes;

    public TargetDescriptor Descriptor => _known.Descriptor;

    /// <summary>The ways that may be tried.</summary>
    public IEnumerable<ContinuationMode> Candidates => _options.Continuation switch
    {
        ContinuationMode.None => [],
        ContinuationMode.Auto when _options.ChatTemplatePath is null => [ContinuationMode.Vllm, ContinuationMode.Prefill],
        ContinuationMode.Auto => [ContinuationMode.Vllm, ContinuationMode.Prefill, ContinuationMode.Completions],
        var one => [one],
    };

    public void Found(ContinuationMode mode, bool echoes) => _known = Describe(mode, echoes, isChecked: true);

    /// <summary>Whether a check should begin: nothing was found out, none runs, and few were made.</summary>
    /// <param name="isNeeded">Only where it cannot go on before.</param>
    public bool BeginCheck(bool isNeeded)
    {
        var known = _known;
        if (known.IsChecked || known.Mode == ContinuationMode.None || (isNeeded && known.Mode is not (ContinuationMode.Auto or ContinuationMode.Prefill)) || Volatile.Read(ref _checks) >= MostChecks || Interlocked.Exchange(ref _checking, 1) == 1)
            return false;
        Interlocked.Increment(ref _checks);
        return true;
    }

    public void EndCheck() => Volatile.Write(ref _checking, 0);

    private Known Describe(ContinuationMode mode, bool echoes, bool isChecked)
    {
        var can = _options.Descriptor.Capabilities & ~TargetCapabilities.Continuation;
        // Who says the text again and who does not can only be told by the check.
        if (mode is ContinuationMode.Vllm or ContinuationMode.Completions || (mode == ContinuationMode.Prefill && isChecked))
            can |= TargetCapabilities.Continuation;
        if (mode == ContinuationMode.Completions)
            can &= ~TargetCapabilities.LogProbabilities; // raw completions tell them in another form
        return new(mode, echoes, isChecked, can == _options.Descriptor.Capabilities ? _options.Descriptor : _options.Descriptor with { Capabilities = can });
    }

    private sealed record Known(ContinuationMode Mode, bool Echoes, bool IsChecked, TargetDescriptor Descriptor);
}
