using System.Security.Cryptography;
using System.Text.Json;

namespace Hybrid.Tests.Models.Pull;

/// <summary>A repository as the hub shows it: listing, HEAD with its headers, bytes here or behind a redirect to another host.</summary>
internal sealed class HubRepository
{
    private readonly HubServer _hub;
    private readonly HubServer? _storage;
    private int _grants;

    /// <param name="storage">Where large files are; null: the hub gives the bytes itself.</param>
    public HubRepository(HubServer hub, HubServer? storage = null)
    {
        (_hub, _storage) = (hub, storage);
        hub.Answer = request => OnHub(this, request, AnswerHub(request));
        if (storage is not null)
            storage.Answer = request => OnStorage(this, request, AnswerStorage(request));
    }

    public string Name { get; init; } = "owner/model-GGUF";

    public string Commit { get; set; } = new('c', 40);

    /// <summary>What it has; while requests run it is swapped whole.</summary>
    public Dictionary<string, byte[]> Files { get; set; } = [];

    /// <summary>Needed for every request to the hub; null: it is public.</summary>
    public string? Token { get; init; }

    /// <summary>How many requests one presigned address is good for.</summary>
    public int UsesOfAnAddress { get; set; } = int.MaxValue;

    /// <summary>The entity tag of a file; the hub's own for large files: its SHA-256.</summary>
    public Func<byte[], string> Tag { get; set; } = Digest;

    /// <summary>Whether ranges are served.</summary>
    public bool Ranges { get; set; } = true;

    /// <summary>What becomes of the hub's answers.</summary>
    public Func<HubRepository, HubRequest, HubAnswer, HubAnswer> OnHub { get; set; } = (_, _, answer) => answer;

    /// <summary>What becomes of the storage's answers.</summary>
    public Func<HubRepository, HubRequest, HubAnswer, HubAnswer> OnStorage { get; set; } = (_, _, answer) => answer;

    private readonly Dictionary<string, int> _uses = [];

    public static string Digest(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>Bytes that look like nothing, always the same for a seed.</summary>
    public static byte[] Bytes(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private HubAnswer AnswerHub(HubRequest request)
    {
        if (Token is not null && request.Header("authorization") != $"Bearer {Token}")
            return Error(401, "RepoNotFound", "Repository not found");
        if (request.Path.StartsWith($"/api/models/{Name}/revision/", StringComparison.Ordinal))
            return Known(request.Path.Split('/')[^1]) ? Listing() : Error(404, "RevisionNotFound", "Invalid rev id");
        var start = $"/{Name}/resolve/";
        if (!request.Path.StartsWith(start, StringComparison.Ordinal))
            return Error(404, "RepoNotFound", "Repository not found");
        var (revision, path) = (request.Path[start.Length..].Split('/')[0], string.Join('/', request.Path[start.Length..].Split('/')[1..]));
        if (!Known(revision))
            return Error(404, "RevisionNotFound", "Invalid rev id");
        if (!Files.TryGetValue(path, out var bytes))
            return Error(404, "EntryNotFound", "Entry not found");
        if (_storage is null)
            return Content(request, bytes).With("X-Repo-Commit", Commit);
        lock (_uses)
        {
            return new HubAnswer(302)
                .With("Location", $"{_storage.Endpoint}/blobs/{path}?grant={++_grants}")
                .With("X-Linked-Etag", $"\"{Tag(bytes)}\"")
                .With("X-Linked-Size", $"{bytes.Length}")
                .With("X-Repo-Commit", Commit);
        }
    }

    private HubAnswer AnswerStorage(HubRequest request)
    {
        lock (_uses)
        {
            var uses = _uses[request.Target] = _uses.GetValueOrDefault(request.Target) + 1;
            if (uses > UsesOfAnAddress)
                return new(403);
        }

        return Files.TryGetValue(request.Path["/blobs/".Length..], out var bytes)
            ? Content(request, bytes).With("ETag", $"\"storage-{bytes.Length}-1\"")
            : new(404);
    }

    private HubAnswer Content(HubRequest request, byte[] bytes)
    {
        var tag = $"\"{Tag(bytes)}\"";
        if (!Ranges || request.Range is not var (first, last) || request.Header("if-range") is { } only && only != tag)
            return new HubAnswer(200, bytes).With("ETag", tag);
        if (first >= bytes.Length)
            return new HubAnswer(416).With("Content-Range", $"bytes */{bytes.Length}");
        last = Math.Min(last, bytes.Length - 1);
        return new HubAnswer(206, bytes.AsMemory((int)first, (int)(last - first + 1)))
            .With("ETag", tag)
            .With("Content-Range", $"bytes {first}-{last}/{bytes.Length}");
    }

    private HubAnswer Listing() => new HubAnswer(200, JsonSerializer.SerializeToUtf8Bytes(new
    {
        id = Name,
        sha = Commit,
        cardData = new { license = "apache-2.0" },
        siblings = Files.Keys.Prepend("README.md").Select(path => new { rfilename = path }),
    })).With("Content-Type", "application/json");

    private bool Known(string revision) => revision == "main" || revision == Commit;

    private static HubAnswer Error(int status, string code, string message) => new HubAnswer(status).With("X-Error-Code", code).With("X-Error-Message", message);
}
