namespace Hybrid.OpenAi;

/// <summary>The kinds of errors by the names that travel.</summary>
internal static class ErrorCodes
{
    public static string Of(HybridError error) => error switch
    {
        HybridError.InvalidRequest => "invalid_value",
        HybridError.ContextExceeded => "context_length_exceeded",
        HybridError.Unauthorized => "invalid_api_key",
        HybridError.NoTargetAllowed => "not_allowed",
        HybridError.Busy => "busy",
        HybridError.BudgetExceeded => "budget_exceeded",
        HybridError.DeadlineExceeded => "deadline_exceeded",
        HybridError.TargetUnavailable or HybridError.ModelFile or HybridError.NativeLibrary or HybridError.Configuration or HybridError.Bus => "unavailable",
        HybridError.Storage => "storage",
        _ => "internal_error",
    };

    /// <summary>The kind that a far side's code stands for; what is not known is its own fault.</summary>
    public static HybridError Parse(string? code) => code switch
    {
        "invalid_value" or "unsupported_parameter" or "invalid_json" or "model_not_found" => HybridError.InvalidRequest,
        "context_length_exceeded" => HybridError.ContextExceeded,
        "invalid_api_key" => HybridError.Unauthorized,
        "not_allowed" => HybridError.NoTargetAllowed,
        "busy" => HybridError.Busy,
        "budget_exceeded" => HybridError.BudgetExceeded,
        "deadline_exceeded" => HybridError.DeadlineExceeded,
        "unavailable" or "interrupted" => HybridError.TargetUnavailable,
        _ => HybridError.Internal,
    };
}
