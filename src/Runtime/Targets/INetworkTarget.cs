namespace Hybrid.Targets;

/// <summary>A target that may be at the other end of a network; a target may implement it.</summary>
/// <remarks>
/// While the network is down it is not asked. Targets that do not implement it, and those in zone <c>device</c>, are taken to need none.
/// A fault of the connection keeps its cause as an inner exception, such as <see cref="System.Net.Sockets.SocketException"/>,
/// so that it can be told from a fault of the target. Thread-safe.
/// </remarks>
public interface INetworkTarget
{
    /// <summary>Whether it is reached over a network; false for loopback. Does not change.</summary>
    bool NeedsNetwork { get; }

    /// <summary>Bytes a second that the way there took from this device when a request last filled it; asked for reports, never for a decision.</summary>
    /// <value>Null: it was never filled, or this system does not measure it.</value>
    double? BytesPerSecond => null;

    /// <summary>Finds out whether it can be reached, and how it is where it can say so, without waking it or decoding anything; gives up within seconds.</summary>
    /// <remarks>Called in the background when a request is about and nothing was heard of the target for a while. <see cref="ITarget.State"/> then says what was found.</remarks>
    /// <returns>Whether it answered, with a refusal too; null: it cannot be asked so, and only a request can tell.</returns>
    ValueTask<bool?> ProbeAsync(CancellationToken cancellationToken = default) => new((bool?)null);
}
