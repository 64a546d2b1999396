using Hybrid.OpenAi;
using Hybrid.Protocol;
using Hybrid.Targets;

namespace Hybrid.CloudWorker.OpenAi;

/// <summary>What a caller says in headers: who may see the request, and how long it has.</summary>
internal static class RequestHeaders
{
    public const string Privacy = "X-Hybrid-Privacy";
    public const string Deadline = "X-Hybrid-Deadline-Milliseconds";

    public static DecodeRequest Apply(HttpContext context, DecodeRequest request, string id, DateTimeOffset now) => request with
    {
        Id = id,
        Privacy = DecodeMapping.PrivacyFromName(context.Request.Headers[Privacy].ToString()),
        Deadline = ReadDeadline(context, now),
    };

    private static DateTimeOffset? ReadDeadline(HttpContext context, DateTimeOffset now)
    {
        var header = context.Request.Headers[Deadline].ToString();
        if (header.Length == 0)
            return null;
        if (!int.TryParse(header, out var milliseconds) || milliseconds < 1)
            throw new OpenAiException(StatusCodes.Status400BadRequest, $"{Deadline} is '{header}'; it must be whole milliseconds, at least 1.");
        return now + TimeSpan.FromMilliseconds(milliseconds);
    }
}
