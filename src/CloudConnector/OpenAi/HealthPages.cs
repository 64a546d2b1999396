using System.Net;
using System.Text.Json;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.OpenAi;

/// <summary>Asks a server how it is: <c>/health</c> and whether it sleeps, or <c>/v1/models</c> where it has no such page.</summary>
internal sealed class HealthPages(PoolConnection connection)
{
    // vLLM's own page, and llama-server's settings.
    private static readonly string[] SleepPages = ["/is_sleeping", "/props"];

    private volatile bool _noHealth;
    private volatile int _sleepPage = -1; // not looked for; the count of pages where there is none

    /// <summary>Whether it has vLLM's sleep mode.</summary>
    public bool SleepsLikeVllm => _sleepPage == 0;

    /// <returns>What it said, null where it says nothing of itself; and whether it answered, null where it cannot be asked.</returns>
    public async Task<(TargetState? State, bool? Answered)> AskAsync(CancellationToken cancellationToken)
    {
        if (_noHealth)
            return await AskModelsAsync(cancellationToken);
        var (status, body) = await connection.AskAsync(connection.Address.Beside("/health"), null, cancellationToken);
        switch (status)
        {
            case HttpStatusCode.OK:
                return (await IsSleepingAsync(cancellationToken) ? new(TargetReadiness.Cold, "asleep") : TargetState.Warm, true);
            case HttpStatusCode.ServiceUnavailable:
                return (Unready(body), true);
            case HttpStatusCode.TooManyRequests:
                return (null, true);
            case >= HttpStatusCode.InternalServerError and not HttpStatusCode.NotImplemented:
                return (new(TargetReadiness.Unavailable, $"its health page answers HTTP {(int)status}"), true);
            default:
                _noHealth = status is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden);
                return await AskModelsAsync(cancellationToken);
        }
    }

    private async Task<(TargetState? State, bool? Answered)> AskModelsAsync(CancellationToken cancellationToken)
    {
        var (status, _) = await connection.AskAsync(connection.Address.Models, null, cancellationToken);
        return status switch
        {
            HttpStatusCode.OK => (TargetState.Warm, true),
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => (new(TargetReadiness.Unavailable, "it does not take the key"), true),
            HttpStatusCode.ServiceUnavailable or HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout or HttpStatusCode.InternalServerError =>
                (new(TargetReadiness.Unavailable, $"its list of models answers HTTP {(int)status}"), true),
            HttpStatusCode.TooManyRequests => (null, true),
            _ => (null, null),
        };
    }

    private async Task<bool> IsSleepingAsync(CancellationToken cancellationToken)
    {
        for (var page = Math.Max(_sleepPage, 0); page < SleepPages.Length; page++)
        {
            var (status, body) = await connection.AskAsync(connection.Address.Beside(SleepPages[page]), null, cancellationToken);
            if (status == HttpStatusCode.OK && Flag(body, "is_sleeping") is { } asleep)
            {
                _sleepPage = page;
                return asleep;
            }

            if (_sleepPage >= 0)
                return false; // the page was there before
        }

        _sleepPage = SleepPages.Length;
        return false;
    }

    /// <summary>What a page of status 503 means in the words of llama-server, vLLM and <c>hybrid-worker</c>.</summary>
    private static TargetState Unready(byte[] body)
    {
        var (word, reason) = Words(body);
        return word switch
        {
            "cold" => new(TargetReadiness.Cold, "not loaded"),
            "failed" => new(TargetReadiness.Unavailable, "its model could not be loaded" + (reason.Length == 0 ? "" : $": {reason}")),
            _ when word.Contains("loading", StringComparison.OrdinalIgnoreCase) => new(TargetReadiness.Warming, "loading"),
            _ => new(TargetReadiness.Unavailable, "its health page answers HTTP 503"),
        };
    }

    private static (string Word, string Reason) Words(byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("status", out var status) && status.ValueKind == JsonValueKind.String)
                return (JsonTexts.Read(status), ServerWords.Of(new(null, null, document.RootElement.TryGetProperty("reason", out var reason) && reason.ValueKind == JsonValueKind.String ? JsonTexts.Read(reason) : null), null, null));
        }
        catch (JsonException)
        {
            return ("", "");
        }

        return (ServerError.Read(body)?.Message ?? "", "");
    }

    private static bool? Flag(byte[] body, string name)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(name, out var flag) && flag.ValueKind is JsonValueKind.True or JsonValueKind.False
                ? flag.GetBoolean()
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
