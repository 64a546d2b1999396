using static Hybrid.Edge.Mqtt.Packets.PacketProperty;

namespace Hybrid.Edge.Mqtt.Packets;

/// <summary>The properties of a packet from the broker; one object for all kinds of packets, where null means absent.</summary>
internal sealed class PacketProperties
{
    /// <summary>More pairs than this are refused, so that small pairs cannot fill the memory.</summary>
    private const int MostPairs = 10_000;

    private List<KeyValuePair<string, string>>? _user;
    private List<int>? _subscriptions;

    public static PacketProperties None { get; } = new();

    public static ulong OfConnAck { get; } = Mask(SessionExpiry, AssignedClientId, ServerKeepAlive, AuthenticationMethod, AuthenticationData,
        ResponseInformation, ServerReference, ReasonString, ReceiveMaximum, TopicAliasMaximum, MaximumQos, RetainAvailable, UserProperty,
        PacketProperty.MaximumPacketSize, WildcardsAvailable, SubscriptionIdsAvailable, SharedAvailable);

    public static ulong OfPublish { get; } = Mask(PayloadFormat, MessageExpiry, PacketProperty.ContentType, PacketProperty.ResponseTopic,
        PacketProperty.CorrelationData, SubscriptionId, TopicAlias, UserProperty);

    public static ulong OfAck { get; } = Mask(ReasonString, UserProperty);

    public static ulong OfDisconnect { get; } = Mask(ReasonString, UserProperty, ServerReference);

    public uint? Expiry { get; private set; }

    public string? ContentType { get; private set; }

    public string? ResponseTopic { get; private set; }

    public ReadOnlyMemory<byte> CorrelationData { get; private set; }

    public uint? SessionSeconds { get; private set; }

    public string? ClientId { get; private set; }

    public ushort? KeepAlive { get; private set; }

    public string? Server { get; private set; }

    public string? Reason { get; private set; }

    public ushort? Receive { get; private set; }

    public ushort? Alias { get; private set; }

    public ushort? Aliases { get; private set; }

    public uint? MaximumPacketSize { get; private set; }

    public byte? Qos { get; private set; }

    public bool Retain { get; private set; } = true;

    public bool Wildcards { get; private set; } = true;

    public bool SubscriptionIds { get; private set; } = true;

    public bool Shared { get; private set; } = true;

    public IReadOnlyList<KeyValuePair<string, string>> User => _user ?? (IReadOnlyList<KeyValuePair<string, string>>)[];

    public IReadOnlyList<int> Subscriptions => _subscriptions ?? (IReadOnlyList<int>)[];

    /// <summary>Reads the properties' length and the properties.</summary>
    /// <param name="reader">Behind what comes before them.</param>
    /// <param name="allowed">Those that this packet may have, a bit each.</param>
    public static PacketProperties Read(ref PacketReader reader, ulong allowed)
    {
        var length = reader.Variable();
        if (length == 0) return None;
        var properties = new PacketProperties();
        var part = reader.Part(length);
        var seen = 0UL;
        while (part.Left > 0)
        {
            var id = part.Variable();
            if (id > 63 || (allowed >> id & 1) == 0) throw PacketException.Malformed($"the property {id}, which this packet cannot have");
            var property = (PacketProperty)id;
            if ((seen >> id & 1) != 0 && property is not (UserProperty or SubscriptionId)) throw PacketException.Protocol($"the property {id} twice");
            seen |= 1UL << id;
            properties.Read(property, ref part);
        }

        return properties;
    }

    private static ulong Mask(params ReadOnlySpan<PacketProperty> properties)
    {
        var mask = 0UL;
        foreach (var property in properties) mask |= 1UL << (int)property;
        return mask;
    }

    private static T NotZero<T>(T value, string what) where T : struct =>
        !value.Equals(default(T)) ? value : throw PacketException.Protocol($"{what} of 0");

    private static bool Flag(byte value) => value <= 1 ? value == 1 : throw PacketException.Protocol("a flag that is neither 0 nor 1");

    private void Read(PacketProperty property, ref PacketReader part)
    {
        switch (property)
        {
            case PayloadFormat: _ = Flag(part.Byte()); break;
            case MessageExpiry: Expiry = part.LongNumber(); break;
            case PacketProperty.ContentType: ContentType = part.Text(); break;
            case PacketProperty.ResponseTopic: ResponseTopic = part.Text(); break;
            case PacketProperty.CorrelationData: CorrelationData = part.Binary().ToArray(); break;
            case SubscriptionId: Add(ref _subscriptions, NotZero(part.Variable(), "a subscription's number")); break;
            case SessionExpiry: SessionSeconds = part.LongNumber(); break;
            case AssignedClientId: ClientId = part.Text(); break;
            case ServerKeepAlive: KeepAlive = part.Number(); break;
            case AuthenticationMethod or ResponseInformation: _ = part.Text(); break;
            case AuthenticationData: _ = part.Binary(); break;
            case ServerReference: Server = part.Text(); break;
            case ReasonString: Reason = part.Text(); break;
            case ReceiveMaximum: Receive = NotZero(part.Number(), "a receive maximum"); break;
            case TopicAliasMaximum: Aliases = part.Number(); break;
            case TopicAlias: Alias = part.Number(); break;
            case MaximumQos: Qos = Flag(part.Byte()) ? (byte)1 : (byte)0; break;
            case RetainAvailable: Retain = Flag(part.Byte()); break;
            case UserProperty: Add(ref _user, new(part.Text(), part.Text())); break;
            case PacketProperty.MaximumPacketSize: MaximumPacketSize = NotZero(part.LongNumber(), "a maximum packet size"); break;
            case WildcardsAvailable: Wildcards = Flag(part.Byte()); break;
            case SubscriptionIdsAvailable: SubscriptionIds = Flag(part.Byte()); break;
            default: Shared = Flag(part.Byte()); break;
        }
    }

    private static void Add<T>(ref List<T>? list, T value)
    {
        list ??= [];
        if (list.Count >= MostPairs) throw new PacketException(MqttReasonCode.QuotaExceeded, $"more than {MostPairs} properties of one kind");
        list.Add(value);
    }
}
