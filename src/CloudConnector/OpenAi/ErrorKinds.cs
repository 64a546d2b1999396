using System.Globalization;

namespace Hybrid.CloudConnector.OpenAi;

/// <summary>The one table between a server's statuses and words and the errors of the SDK.</summary>
internal static class ErrorKinds
{
    private static readonly string[] ContextWords = ["context length", "context size", "context window", "max_model_len", "too many tokens", "maximum number of tokens"];

    /// <param name="status">The answer's status; null in mid-stream, where it was 200 before the error.</param>
    /// <param name="error">What the server said; null where it said nothing that is understood.</param>
    public static HybridError Of(int? status, ServerError? error)
    {
        status ??= Status(error?.Code);
        if (ByWord(error?.Code) is { } byCode)
            return byCode;
        if (ByWord(error?.Type) is HybridError.ContextExceeded || (status is null or 400 or 413 or 422 && SpeaksOfContext(error?.Message)))
            return HybridError.ContextExceeded;
        return status switch
        {
            429 => HybridError.Busy,
            401 or 403 => HybridError.Unauthorized,
            402 => HybridError.Unauthorized, // not paid for
            408 => HybridError.TargetUnavailable,
            >= 400 and < 500 => HybridError.InvalidRequest,
            null => ByWord(error?.Type) ?? HybridError.TargetUnavailable,
            _ => HybridError.TargetUnavailable,
        };
    }

    private static HybridError? ByWord(string? word) => word?.ToLowerInvariant() switch
    {
        "context_length_exceeded" or "exceed_context_size_error" => HybridError.ContextExceeded,
        "deadline_exceeded" => HybridError.DeadlineExceeded,
        "budget_exceeded" => HybridError.BudgetExceeded,
        "not_allowed" => HybridError.NoTargetAllowed,
        "rate_limit_error" or "rate_limit_exceeded" or "insufficient_quota" or "busy" => HybridError.Busy,
        "invalid_api_key" or "authentication_error" or "permission_error" => HybridError.Unauthorized,
        "invalid_value" or "unsupported_parameter" or "model_not_found" or "invalid_request_error" or "badrequesterror" => HybridError.InvalidRequest,
        _ => null,
    };

    private static int? Status(string? code) =>
        int.TryParse(code, NumberStyles.None, CultureInfo.InvariantCulture, out var status) && status is >= 400 and < 600 ? status : null;

    private static bool SpeaksOfContext(string? message) =>
        message is not null && ContextWords.Any(words => message.Contains(words, StringComparison.OrdinalIgnoreCase));
}
