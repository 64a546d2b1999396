using System.Collections.Concurrent;
using Hybrid.Models.Pull.Sources;
using Hybrid.Models.Pull.Web;

namespace Hybrid.Models.Peers;

/// <summary>A file whose parts come from peers that have it, and from its own source where none does.</summary>
/// <remarks>
/// A part that is asked for twice broke off, or was not what it should be: the peer that gave it is not asked for this file again. So
/// bad bytes cost one more round, from other places.
/// </remarks>
internal sealed class PeerFile(PeerClient client, RemoteFile source, string sha256) : RemoteFile
{
    private readonly ConcurrentDictionary<Peer, ConcurrentDictionary<long, long>> _given = new();
    private readonly ConcurrentDictionary<Peer, bool> _letBe = new();

    public override string Place => source.Place;

    public override int MostConnections => source.MostConnections;

    public override async Task<RemoteBody> OpenAsync(long offset, long length, StallGuard guard)
    {
        foreach (var (peer, parts) in _given)
        {
            if (parts.Any(part => offset >= part.Key && offset < part.Value)) _letBe[peer] = true;
        }

        // Each part begins with another peer, so that they share the work.
        var first = (int)((ulong)offset / 65536 % (ulong)client.Peers.Count);
        for (var i = 0; i < client.Peers.Count; i++)
        {
            var peer = client.Peers[(first + i) % client.Peers.Count];
            if (_letBe.ContainsKey(peer) || await client.OpenAsync(peer, sha256, Size, offset, length, guard) is not { } body) continue;
            _given.GetOrAdd(peer, _ => new())[offset] = offset + length;
            return body;
        }

        return await source.OpenAsync(offset, length, guard);
    }

    public override Task<RemoteBody> OpenWholeAsync(StallGuard guard) => source.OpenWholeAsync(guard);
}
