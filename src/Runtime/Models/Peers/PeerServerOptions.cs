using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.Models.Peers;

/// <summary>How a device offers its blobs.</summary>
public sealed record PeerServerOptions
{
    /// <summary>Where it listens; the host <c>0.0.0.0</c> is every address of the machine.</summary>
    /// <value><c>http://0.0.0.0:7645</c></value>
    public Uri Address { get; init; } = new($"http://0.0.0.0:{PeerAddress.UsualPort}");

    /// <summary>The site's secret, as <see cref="PeerOptions.Key"/>.</summary>
    public required string Key { get; init; }

    /// <summary>The most transfers at once, 1 to 1000; others are told to come again.</summary>
    /// <value>16.</value>
    public int MaxTransfers { get; init; } = 16;

    /// <summary>The most bytes per second over all transfers, above zero.</summary>
    /// <value>Null: as fast as it goes.</value>
    public double? BytesPerSecond { get; init; }

    /// <summary>The clock of proofs and rates.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Told of who was refused; never of keys.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;

    /// <exception cref="HybridException">A figure is out of its range.</exception>
    internal void Validate()
    {
        List<string> wrong = [.. new PeerOptions { Key = Key }.Problems().Select(problem => $"{problem.Key}: {problem.Problem}")];
        if (Address is not { IsAbsoluteUri: true, Scheme: "http", AbsolutePath: "/" }) wrong.Add($"{nameof(Address)}: '{Address}' is not an address such as http://0.0.0.0:{PeerAddress.UsualPort}");
        if (MaxTransfers is < 1 or > 1000) wrong.Add($"{nameof(MaxTransfers)}: {MaxTransfers} is out of range; use 1 to 1000");
        if (BytesPerSecond is <= 0 or double.NaN) wrong.Add($"{nameof(BytesPerSecond)}: {BytesPerSecond} is out of range; use more than zero");
        if (wrong.Count > 0) throw new HybridException(HybridError.Configuration, $"Models cannot be offered like this: {string.Join("; ", wrong)}. Nothing was opened.");
    }

    /// <summary>The address; never the key.</summary>
    public override string ToString() => Address.ToString();
}
