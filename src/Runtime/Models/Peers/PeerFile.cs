using System.Collections.Concurrent;
using Hybrid.Models.Pull;
using Hybrid.Models.Pull.Shards;
using Hybrid.Models.Pull.Sources;
using Hybrid.Models.Pull.Web;

namespace Hybrid.Models.Peers;

/// <summary>A file whose parts come from peers that have it, and from its own source where none does.</summary>
/// <remarks>
/// <para>A part that is asked for twice broke off, or was not what it should be: the peer that gave it is not asked for this file again. So
/// bad bytes cost one more round, from other places.</para>
/// <para>Devices that pull at the same time share the source: who wants a shard says so in its journal before it asks the others, and leaves it
/// where one of them has said so too. Of two at the same shard at least one so sees the other; where both do, both come back at a time of
/// their own. A peer that does not get a shard within <see cref="LongestWait"/> is not waited for.</para>
/// </remarks>
internal sealed class PeerFile(PeerClient client, RemoteFile source, string sha256, PartialFile partial) : RemoteFile
{
    public static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(2);

    private readonly ConcurrentDictionary<Peer, ConcurrentDictionary<long, long>> _given = new();
    private readonly ConcurrentDictionary<Peer, bool> _letBe = new();
    private readonly ConcurrentDictionary<int, DateTimeOffset> _waitsSince = new();

    public override string Place => source.Place;

    public override int MostConnections => source.MostConnections;

    public override bool IsShared => true;

    public override async Task<RemoteBody> OpenAsync(long offset, long length, StallGuard guard)
    {
        foreach (var (peer, parts) in _given)
        {
            if (parts.Any(part => offset >= part.Key && offset < part.Value)) _letBe[peer] = true;
        }

        var shard = (int)(offset / partial.Map.ShardSize);
        partial.Claim(shard, taken: true);
        var fromSource = false;
        try
        {
            if (await AskAsync(offset, length, shard, guard) is { } near) return near;
            var body = await source.OpenAsync(offset, length, guard);
            fromSource = true;
            return body;
        }
        finally
        {
            if (!fromSource) partial.Claim(shard, taken: false);
        }
    }

    public override Task<RemoteBody> OpenWholeAsync(StallGuard guard) => source.OpenWholeAsync(guard);

    /// <returns>Null: nobody has it.</returns>
    /// <exception cref="PullFault">Another device is getting it.</exception>
    private async Task<RemoteBody?> AskAsync(long offset, long length, int shard, StallGuard guard)
    {
        var isComing = false;
        // Each part begins with another peer, so that they share the work.
        var first = (int)((ulong)offset / 65536 % (ulong)client.Peers.Count);
        for (var i = 0; i < client.Peers.Count; i++)
        {
            var peer = client.Peers[(first + i) % client.Peers.Count];
            if (_letBe.ContainsKey(peer)) continue;
            var answer = await client.OpenAsync(peer, sha256, Size, offset, length, guard);
            if (answer.Body is { } body)
            {
                _given.GetOrAdd(peer, _ => new())[offset] = offset + length;
                return body;
            }

            isComing |= answer.IsComing;
        }

        if (!isComing || client.Now - _waitsSince.GetOrAdd(shard, client.Now) >= LongestWait) return null;
        throw new PullFault(PullRemedy.Later, "another device of the site is fetching it");
    }
}
