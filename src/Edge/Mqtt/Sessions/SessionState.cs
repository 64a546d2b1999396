using Hybrid.Edge.Mqtt.Packets;

namespace Hybrid.Edge.Mqtt.Sessions;

/// <summary>What the records of a session's file add up to.</summary>
internal sealed class SessionState
{
    /// <summary>Messages to the broker that it has not answered, by number.</summary>
    public Dictionary<ushort, KeptMessage> Messages { get; } = [];

    /// <summary>Numbers of messages from the broker that were handled and may come again.</summary>
    public HashSet<ushort> Handled { get; } = [];

    /// <summary>Reads all records up to the first that is torn.</summary>
    /// <exception cref="PacketException">It is no session, or that of another client; the message ends a sentence.</exception>
    public static SessionState Read(ReadOnlyMemory<byte> file, string client)
    {
        var state = new SessionState();
        if (file.IsEmpty) return state;
        if (!SessionRecord.TryTake(ref file, out var first)) throw PacketException.Malformed("it is no session of this client software");
        if (SessionRecord.ReadClient(first.Span) is var other && other != client) throw PacketException.Malformed($"it belongs to the client '{other}'");
        while (SessionRecord.TryTake(ref file, out var body)) state.Apply(body);
        return state;
    }

    public void Renew()
    {
        foreach (var (id, kept) in Messages.ToList()) Messages[id] = kept with { IsReleased = false };
        Handled.Clear();
    }

    private void Apply(ReadOnlyMemory<byte> body)
    {
        switch ((SessionRecord.Kind)body.Span[0])
        {
            case SessionRecord.Kind.Sent:
                var (sent, id) = SessionRecord.ReadSent(body);
                Messages[id] = sent;
                break;
            case SessionRecord.Kind.Released when Messages.TryGetValue(SessionRecord.ReadId(body.Span), out var kept):
                Messages[SessionRecord.ReadId(body.Span)] = kept with { IsReleased = true };
                break;
            case SessionRecord.Kind.Answered:
                Messages.Remove(SessionRecord.ReadId(body.Span));
                break;
            case SessionRecord.Kind.Handled:
                Handled.Add(SessionRecord.ReadId(body.Span));
                break;
            case SessionRecord.Kind.Settled:
                Handled.Remove(SessionRecord.ReadId(body.Span));
                break;
            case SessionRecord.Kind.Renewed:
                Renew();
                break;
        }
    }
}
