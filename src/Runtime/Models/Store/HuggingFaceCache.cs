using Hybrid.Storage;

namespace Hybrid.Models.Store;

/// <summary>Files that Hugging Face's own tools fetched: <c>models--OWNER--NAME/{refs,snapshots,blobs}</c>. It is only read.</summary>
/// <param name="folder">The folder called <c>hub</c>.</param>
public sealed class HuggingFaceCache(string folder)
{
    private const string Ending = ".gguf";

    /// <summary>The folder called <c>hub</c>.</summary>
    public string Folder { get; } = Path.GetFullPath(folder);

    /// <summary>The cache of this user: <c>HF_HUB_CACHE</c>, <c>HF_HOME/hub</c>, <c>XDG_CACHE_HOME/huggingface/hub</c>, or <c>~/.cache/huggingface/hub</c>.</summary>
    public static HuggingFaceCache Default => From(Environment.GetEnvironmentVariable, Environment.GetFolderPath(Environment.SpecialFolder.UserProfile));

    /// <summary>A file of a repository; null where the cache does not have it.</summary>
    /// <param name="repository">Such as <c>Qwen/Qwen3-0.6B-GGUF</c>.</param>
    /// <param name="file">Its path in the repository.</param>
    /// <param name="revision">A branch, a tag or a commit.</param>
    /// <exception cref="HybridException">One of the names cannot be one.</exception>
    public CachedFile? Find(string repository, string file, string revision = "main")
    {
        var at = FolderOf(repository);
        Require("file", file, SafeNames.ProblemOfPath(file));
        Require("revision", revision, SafeNames.ProblemOfPath(revision));
        if (CommitOf(at, revision) is not { } commit)
            return null;
        var path = Path.Combine([at, "snapshots", commit, .. file.Split('/')]);
        return TargetOf(path, at) is { } target ? new(repository, file, commit, path, target.Length) : null;
    }

    /// <summary>The GGUF files of all repositories, at every commit.</summary>
    public IEnumerable<CachedFile> List()
    {
        foreach (var repository in Folders(Folder).Where(one => one.Name.StartsWith("models--", StringComparison.Ordinal)))
        {
            foreach (var commit in Folders(Path.Combine(repository.FullName, "snapshots")))
            {
                foreach (var file in commit.EnumerateFiles("*" + Ending, SearchOption.AllDirectories).OrderBy(one => one.FullName, StringComparer.Ordinal))
                {
                    if (TargetOf(file.FullName, repository.FullName) is { } target)
                        yield return new(repository.Name["models--".Length..].Replace("--", "/", StringComparison.Ordinal), Path.GetRelativePath(commit.FullName, file.FullName).Replace('\\', '/'), commit.Name, file.FullName, target.Length);
                }
            }
        }
    }

    internal static HuggingFaceCache From(Func<string, string?> variable, string home)
    {
        string? Set(string name) => variable(name) is { Length: > 0 } value ? value : null;
        return new(Set("HF_HUB_CACHE") ?? Path.Combine(Set("HF_HOME") ?? Path.Combine(Set("XDG_CACHE_HOME") ?? Path.Combine(home, ".cache"), "huggingface"), "hub"));
    }

    /// <summary>The SHA-256 that a file of the cache should have: the name of its blob, where that is one; else null.</summary>
    internal static string? DigestOf(string path) =>
        FileIdentity.Follow(path).Name is { } name && ManifestRules.IsDigest(name) ? name : null;

    private static IEnumerable<DirectoryInfo> Folders(string path) =>
        Directory.Exists(path) ? new DirectoryInfo(path).EnumerateDirectories().OrderBy(one => one.Name, StringComparer.Ordinal) : [];

    /// <summary>What a file of a snapshot is; null where it is not there, or leads out of its repository.</summary>
    private static FileInfo? TargetOf(string path, string repository)
    {
        var target = FileIdentity.Follow(path);
        var within = Path.GetFullPath(repository) + Path.DirectorySeparatorChar;
        return target.Exists && Path.GetFullPath(target.FullName).StartsWith(within, StringComparison.Ordinal) ? target : null;
    }

    private static void Require(string what, string text, string? problem)
    {
        if (problem is not null)
            throw new HybridException(HybridError.InvalidRequest, $"The {what} '{string.Concat(text.Take(120).Where(c => c is >= ' ' and <= '~'))}' cannot be one of Hugging Face's: {problem}. Nothing was changed.");
    }

    private string FolderOf(string repository)
    {
        var problem = SafeNames.ProblemOfPath(repository) ?? (repository.Split('/').Length > 2 || repository.Contains("--", StringComparison.Ordinal) ? "it is not OWNER/NAME" : null);
        Require("repository", repository, problem);
        return Path.Combine(Folder, "models--" + repository.Replace("/", "--", StringComparison.Ordinal));
    }

    /// <summary>A commit stands for itself; a branch or a tag is a file with the commit in it.</summary>
    private static string? CommitOf(string repository, string revision)
    {
        try
        {
            var commit = File.ReadAllText(Path.Combine([repository, "refs", .. revision.Split('/')])).Trim();
            return SafeNames.ProblemOfPath(commit) is null && !commit.Contains('/', StringComparison.Ordinal) ? commit : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return Directory.Exists(Path.Combine(repository, "snapshots", revision)) ? revision : null;
        }
    }
}

/// <summary>A file in a Hugging Face cache.</summary>
/// <param name="Repository">Such as <c>Qwen/Qwen3-0.6B-GGUF</c>.</param>
/// <param name="File">Its path in the repository.</param>
/// <param name="Commit">The repository's version.</param>
/// <param name="Path">Where it is.</param>
/// <param name="Size">Bytes.</param>
public sealed record CachedFile(string Repository, string File, string Commit, string Path, long Size);
