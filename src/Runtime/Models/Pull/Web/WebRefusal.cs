using System.Net;

namespace Hybrid.Models.Pull.Web;

/// <summary>Refusals that stay: what they mean in words, by Hugging Face's error codes where they are given.</summary>
internal static class WebRefusal
{
    /// <param name="response">The refusal.</param>
    /// <param name="place">What was asked for, without anything secret.</param>
    /// <param name="hasToken">Whether a token was at hand.</param>
    public static HybridException Of(HttpResponseMessage response, string place, bool hasToken)
    {
        var status = response.StatusCode;
        return WebEntity.Header(response, "X-Error-Code") switch
        {
            "GatedRepo" => Unauthorized($"'{place}' is gated: its terms have to be accepted first. Open the repository's page, accept them, and set HF_TOKEN to a token of that account."),
            "RevisionNotFound" => Missing($"'{place}': the repository has no such revision. Check what stands behind '@'."),
            "EntryNotFound" => Missing($"'{place}': the repository has no such file at this revision."),
            "RepoNotFound" => NoRepository(place, hasToken),
            "DisabledRepo" => Missing($"'{place}': the hub has disabled this repository."),
            _ => status switch
            {
                HttpStatusCode.Unauthorized => NoRepository(place, hasToken),
                HttpStatusCode.Forbidden => Unauthorized($"'{place}' is forbidden{(hasToken ? " for this token" : "; it may need a token (HF_TOKEN)")}."),
                HttpStatusCode.NotFound or HttpStatusCode.Gone => Missing($"'{place}' does not exist. Check the spelling."),
                _ => new(HybridError.TargetUnavailable, $"'{place}': the server answered {WebFaults.Words(status)}, which more tries will not change. What had arrived is kept."),
            },
        };
    }

    private static HybridException NoRepository(string place, bool hasToken) => Unauthorized(hasToken
        ? $"'{place}' does not exist, or the token in HF_TOKEN is not valid or may not see it. Check the spelling, then the token."
        : $"'{place}' does not exist, or it is private and there is no token. Check the spelling; for a private repository set HF_TOKEN.");

    private static HybridException Unauthorized(string message) => new(HybridError.Unauthorized, message + " Nothing was stored.");

    private static HybridException Missing(string message) => new(HybridError.ModelFile, message + " Nothing was stored.");
}
