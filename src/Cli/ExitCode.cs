namespace Hybrid.Cli;

/// <summary>What a script reads from the process.</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int BadUsage = 2;
    public const int NoTargetAllowed = 3;
    public const int DeadlineExceeded = 4;
    public const int BudgetExceeded = 5;
    public const int Cancelled = 130;

    public static int Of(Exception exception) => exception switch
    {
        OperationCanceledException => Cancelled,
        HybridException { Error: HybridError.NoTargetAllowed } => NoTargetAllowed,
        HybridException { Error: HybridError.DeadlineExceeded } => DeadlineExceeded,
        HybridException { Error: HybridError.BudgetExceeded } => BudgetExceeded,
        HybridException { Error: HybridError.InvalidRequest or HybridError.Configuration } => BadUsage,
        _ => Failed,
    };
}
