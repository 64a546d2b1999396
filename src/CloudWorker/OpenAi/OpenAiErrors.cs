using System.Text.Json;
using Hybrid.OpenAi;

namespace Hybrid.CloudWorker.OpenAi;

/// <summary>Turns every failure of an endpoint into a status and an error body.</summary>
internal static partial class OpenAiErrors
{
    public static RequestDelegate Guard(Func<HttpContext, Task> endpoint, ILogger logger) => async context =>
    {
        try
        {
            await endpoint(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            LogClientGone(logger, context.Request.Path);
        }
        catch (Exception exception) when (!context.Response.HasStarted)
        {
            var (status, error) = Describe(exception, logger);
            await WriteAsync(context, status, error);
        }
    };

    public static Task WriteAsync(HttpContext context, int status, OpenAiError error)
    {
        context.Response.StatusCode = status;
        if (status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable)
            context.Response.Headers.RetryAfter = "1";
        if (status is StatusCodes.Status401Unauthorized)
            context.Response.Headers.WWWAuthenticate = "Bearer";
        return context.Response.WriteAsJsonAsync(new ErrorBody(error), OpenAiJson.Wire.ErrorBody);
    }

    /// <summary>What a client may know of a failure; anything unforeseen is logged and told as an internal error.</summary>
    public static (int Status, OpenAiError Error) Describe(Exception exception, ILogger logger)
    {
        switch (exception)
        {
            case OpenAiException refused:
                return (refused.Status, refused.Error);
            case HybridException known:
                return Describe(known, logger);
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }:
                return (StatusCodes.Status413PayloadTooLarge, new("The request is larger than this server takes.", "invalid_request_error", null, "request_too_large"));
            case BadHttpRequestException bad:
                return (bad.StatusCode, new("The request could not be read.", "invalid_request_error", null, null));
            case JsonException json:
                return (StatusCodes.Status400BadRequest, new($"The body is not valid JSON (line {json.LineNumber + 1}).", "invalid_request_error", null, "invalid_json"));
            default:
                LogUnforeseen(logger, exception);
                return (StatusCodes.Status500InternalServerError, new("The server failed; its log says more.", "server_error", null, "internal_error"));
        }
    }

    private static (int Status, OpenAiError Error) Describe(HybridException exception, ILogger logger)
    {
        var (status, type) = exception.Error switch
        {
            HybridError.InvalidRequest or HybridError.ContextExceeded => (StatusCodes.Status400BadRequest, "invalid_request_error"),
            HybridError.Unauthorized => (StatusCodes.Status401Unauthorized, "invalid_request_error"),
            HybridError.NoTargetAllowed => (StatusCodes.Status403Forbidden, "invalid_request_error"),
            HybridError.Busy => (StatusCodes.Status429TooManyRequests, "rate_limit_error"),
            HybridError.BudgetExceeded => (StatusCodes.Status429TooManyRequests, "insufficient_quota"),
            HybridError.DeadlineExceeded => (StatusCodes.Status504GatewayTimeout, "timeout_error"),
            HybridError.TargetUnavailable or HybridError.ModelFile or HybridError.NativeLibrary or HybridError.Configuration or HybridError.Bus
                => (StatusCodes.Status503ServiceUnavailable, "server_error"),
            HybridError.Storage => (StatusCodes.Status507InsufficientStorage, "server_error"),
            _ => (StatusCodes.Status500InternalServerError, "server_error"),
        };
        if (status >= StatusCodes.Status500InternalServerError)
            LogFailed(logger, exception.Error, exception.Message);
        return (status, new OpenAiError(exception.Message, type, null, ErrorCodes.Of(exception.Error)));
    }

    [LoggerMessage(20, LogLevel.Debug, "The client of {Path} went away; its request was cancelled.")]
    private static partial void LogClientGone(ILogger logger, string path);

    [LoggerMessage(21, LogLevel.Error, "A request failed unforeseen.")]
    private static partial void LogUnforeseen(ILogger logger, Exception exception);

    [LoggerMessage(22, LogLevel.Warning, "A request failed with {Error}: {Reason}")]
    private static partial void LogFailed(ILogger logger, HybridError error, string reason);
}
