using System.Text.Json;
using Hybrid.Models.Store;

namespace Hybrid.Models.Pull.Sources;

/// <summary>What a mirror has of a repository: <c>index.json</c> beside its files.</summary>
/// <param name="Revision">The commit that was mirrored.</param>
/// <param name="Licence">The licence's short name.</param>
/// <param name="Files">Its files.</param>
internal sealed record MirrorIndex(string? Revision, string? Licence, IReadOnlyList<MirrorEntry> Files)
{
    public const string Name = "index.json";

    /// <exception cref="JsonException">It is no such text; the message names the bad entry.</exception>
    public static MirrorIndex Read(JsonElement json)
    {
        if (json.ValueKind is not JsonValueKind.Object || !json.TryGetProperty("files", out var files) || files.ValueKind is not JsonValueKind.Array)
            throw new JsonException("it has no array 'files'");
        var read = files.EnumerateArray().Select((file, place) => MirrorEntry.Read(file, $"files[{place}]")).ToList();
        return new(Text(json, "revision"), Text(json, "licence"), read);
    }

    internal static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() : null;
}

/// <summary>A file of a mirror.</summary>
/// <param name="Path">Its path beside the index.</param>
/// <param name="Size">Its bytes; null: not said.</param>
/// <param name="Sha256">Its digest; null: not said.</param>
internal sealed record MirrorEntry(string Path, long? Size, string? Sha256)
{
    public static MirrorEntry Read(JsonElement json, string at)
    {
        if (json.ValueKind is not JsonValueKind.Object)
            throw new JsonException($"{at} is no object");
        var path = MirrorIndex.Text(json, "path");
        if (path is null || SafeNames.ProblemOfPath(path) is not null)
            throw new JsonException($"{at}.path is not a path inside the mirror");
        var size = json.TryGetProperty("size", out var number) ? number.ValueKind is JsonValueKind.Number && number.TryGetInt64(out var bytes) && bytes > 0 ? bytes : throw new JsonException($"{at}.size is not a number of bytes") : (long?)null;
        var sha256 = MirrorIndex.Text(json, "sha256");
        return new(path, size, sha256 is null ? null : Sha256Text.Read(sha256) ?? throw new JsonException($"{at}.sha256 has no 64 hexadecimal digits"));
    }
}
