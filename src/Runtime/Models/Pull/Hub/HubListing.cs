using System.Text.Json;
using Hybrid.Models.Store;

namespace Hybrid.Models.Pull.Hub;

/// <summary>What a hub says of a repository at a revision.</summary>
/// <param name="Commit">The commit that the revision stands for.</param>
/// <param name="Licence">Its licence's short name.</param>
/// <param name="Files">The paths of its files.</param>
internal sealed record HubListing(string? Commit, string? Licence, IReadOnlyList<string> Files)
{
    private const int MostFiles = 100_000;

    /// <exception cref="JsonException">It is not such a text.</exception>
    public static HubListing Read(JsonElement json)
    {
        List<string> files = [];
        if (json.ValueKind is not JsonValueKind.Object || !json.TryGetProperty("siblings", out var siblings) || siblings.ValueKind is not JsonValueKind.Array)
            throw new JsonException("it lists no files");
        foreach (var sibling in siblings.EnumerateArray())
        {
            // A path that is not plain could leave the store; it is as if it were not there.
            if (Text(sibling, "rfilename") is { } path && SafeNames.ProblemOfPath(path) is null && files.Count < MostFiles)
                files.Add(path);
        }

        return new(Text(json, "sha"), LicenceOf(json), files);
    }

    private static string? LicenceOf(JsonElement json)
    {
        if (json.TryGetProperty("cardData", out var card) && Text(card, "license") is { Length: > 0 and < 100 } licence)
            return licence;
        if (!json.TryGetProperty("tags", out var tags) || tags.ValueKind is not JsonValueKind.Array)
            return null;
        foreach (var tag in tags.EnumerateArray())
        {
            if (tag.ValueKind is JsonValueKind.String && tag.GetString() is { } text && text.StartsWith("license:", StringComparison.Ordinal))
                return text[8..];
        }

        return null;
    }

    private static string? Text(JsonElement json, string name) =>
        json.ValueKind is JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() : null;
}
