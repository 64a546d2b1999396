namespace Hybrid.Models.Pull.Hub;

/// <summary>A hub that speaks Hugging Face's conventions.</summary>
public sealed record HubOptions
{
    /// <summary>Where the hub is, without a slash at the end.</summary>
    /// <value><c>https://huggingface.co</c>.</value>
    public string Endpoint { get; init; } = "https://huggingface.co";

    /// <summary>The token, sent to that host only.</summary>
    /// <value>Null: none.</value>
    public string? Token { get; init; }

    /// <summary>Whether the hub must not be asked.</summary>
    /// <value>False.</value>
    public bool Offline { get; init; }

    /// <summary>Reads <c>HF_ENDPOINT</c>, <c>HF_TOKEN</c> (or the file at <c>HF_TOKEN_PATH</c>, or <c>token</c> in <c>HF_HOME</c>) and <c>HF_HUB_OFFLINE</c>.</summary>
    /// <param name="variable">A variable of the environment by its name; null: those of this process.</param>
    public static HubOptions FromEnvironment(Func<string, string?>? variable = null)
    {
        variable ??= Environment.GetEnvironmentVariable;
        var options = new HubOptions
        {
            Token = Clean(variable("HF_TOKEN")) ?? Clean(FromFile(TokenPath(variable))),
            Offline = variable("HF_HUB_OFFLINE")?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE",
        };
        return Clean(variable("HF_ENDPOINT")) is { } endpoint ? options with { Endpoint = endpoint.TrimEnd('/') } : options;
    }

    /// <summary>Everything but the token.</summary>
    public override string ToString() => $"{Endpoint}{(Token is null ? "" : " with a token")}{(Offline ? ", offline" : "")}";

    private static string TokenPath(Func<string, string?> variable)
    {
        if (Clean(variable("HF_TOKEN_PATH")) is { } path)
            return path;
        var home = Clean(variable("HF_HOME"))
            ?? Path.Combine(Clean(variable("XDG_CACHE_HOME")) ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"), "huggingface");
        return Path.Combine(home, "token");
    }

    private static string? FromFile(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllText(path) : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null; // What is public needs none; what is not will say that one is missing.
        }
    }

    private static string? Clean(string? text)
    {
        var clean = text?.ReplaceLineEndings("").Trim();
        return string.IsNullOrEmpty(clean) ? null : clean;
    }
}
