namespace Hybrid.Models.Peers;

/// <summary>Devices of one site that give each other what they have: section <c>Hybrid:Models:Peers</c>.</summary>
public sealed record PeerOptions
{
    /// <summary>The shortest key.</summary>
    public const int LeastKeyLength = 16;

    /// <summary>Where peers offer their blobs, such as <c>http://10.0.0.7:7645</c>; they are asked before a model's own source.</summary>
    public IReadOnlyList<Uri> Addresses { get; init; } = [];

    /// <summary>The site's secret, 16 characters or more, the same on all its devices; it proves who asks and is never sent.</summary>
    public string Key { get; init; } = "";

    /// <summary>Where <c>hybrid agent</c> offers what this device has, such as <c>http://0.0.0.0:7645</c>.</summary>
    /// <value>Null: nowhere.</value>
    public Uri? Listen { get; init; }

    /// <summary>How long a connection to a peer may take, above zero.</summary>
    /// <value>2 s.</value>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>What is wrong with it, by key.</summary>
    internal IEnumerable<(string Key, string Problem)> Problems()
    {
        if (Key.Length < LeastKeyLength) yield return (nameof(Key), $"it has {Key.Length} characters; give the site's secret, {LeastKeyLength} or more");
        if (ConnectTimeout <= TimeSpan.Zero) yield return (nameof(ConnectTimeout), $"{ConnectTimeout} is out of range; use more than zero");
        foreach (var address in Addresses)
        {
            if (address is not { IsAbsoluteUri: true, Scheme: "http" or "https", UserInfo: "", Query: "" }) yield return (nameof(Addresses), $"'{address}' is not an address such as http://10.0.0.7:7645");
        }
    }

    /// <summary>The addresses; never the key.</summary>
    public override string ToString() => string.Join(", ", Addresses);
}
