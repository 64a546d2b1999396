namespace Hybrid.Accounting.Predictors;

/// <summary>How likely an attempt fails by the target's own fault.</summary>
/// <remarks>
/// The mean of a beta distribution that starts from no failure in ten attempts: nothing is held against a target that nobody has tried.
/// A request that could not be served anywhere, a cancelled one, a missed deadline and a lost network say nothing about it.
/// </remarks>
internal sealed class FailureRate(Forgetting forgetting)
{
    private const double StatedAttempts = 10;
    private const double Kept = 0.98; // the last fifty or so count
    private double _failed;
    private double _ended;
    private long _at = forgetting.Now;

    public double Now
    {
        get
        {
            var kept = forgetting.KeptSince(_at);
            return kept * _failed / ((kept * _ended) + StatedAttempts);
        }
    }

    /// <returns>Whether the attempt says anything about the target.</returns>
    public bool Observe(Receipt receipt)
    {
        var failed = receipt.Finish == RequestFinish.Failed;
        if (failed ? receipt.NetworkLost || !IsOfTheTarget(receipt.Error) : !Answered(receipt))
            return false;
        var kept = forgetting.KeptSince(_at) * Kept;
        _failed = (kept * _failed) + (failed ? 1 : 0);
        _ended = (kept * _ended) + 1;
        _at = forgetting.Now;
        return true;
    }

    /// <summary>Whether the model itself ended the answer.</summary>
    public static bool Answered(Receipt receipt) => receipt.Finish is RequestFinish.Stop or RequestFinish.Length or RequestFinish.ToolCalls;

    private static bool IsOfTheTarget(HybridError? error) =>
        error is not (HybridError.InvalidRequest or HybridError.ContextExceeded or HybridError.NoTargetAllowed or HybridError.DeadlineExceeded);
}
