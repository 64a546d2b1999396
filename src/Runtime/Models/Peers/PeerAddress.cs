namespace Hybrid.Models.Peers;

/// <summary>Where peers have their blobs.</summary>
internal static class PeerAddress
{
    public const int UsualPort = 7645;
    private const string Folder = "/hybrid/blobs/";

    public static Uri Of(Uri peer, string sha256) => new(peer, Folder + sha256);

    /// <summary>The digest that a path names; null: it is none of these.</summary>
    public static string? Sha256Of(string path) =>
        path.StartsWith(Folder, StringComparison.Ordinal) && path.Length == Folder.Length + 64 && path[Folder.Length..].All(char.IsAsciiHexDigitLower) ? path[Folder.Length..] : null;
}
