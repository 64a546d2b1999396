namespace Hybrid.Edge.Mqtt;

/// <summary>Why a broker or a client did what it did: the codes of MQTT 5, section 2.4. From 0x80 on they are failures.</summary>
public enum MqttReasonCode : byte
{
    /// <summary>It went well; of a disconnect, it was meant.</summary>
    Success = 0x00,

    /// <summary>Granted at least once.</summary>
    GrantedAtLeastOnce = 0x01,

    /// <summary>Granted exactly once.</summary>
    GrantedExactlyOnce = 0x02,

    /// <summary>The client goes, and its will is published.</summary>
    DisconnectWithWill = 0x04,

    /// <summary>The message was taken, and nobody has subscribed to it.</summary>
    NoMatchingSubscribers = 0x10,

    /// <summary>There was no such subscription.</summary>
    NoSubscriptionExisted = 0x11,

    /// <summary>No reason was given; of a connection, the line was lost.</summary>
    UnspecifiedError = 0x80,

    /// <summary>A packet could not be read.</summary>
    MalformedPacket = 0x81,

    /// <summary>A packet was not allowed where it came.</summary>
    ProtocolError = 0x82,

    /// <summary>The receiver's own reasons.</summary>
    ImplementationSpecificError = 0x83,

    /// <summary>The broker does not speak this version.</summary>
    UnsupportedProtocolVersion = 0x84,

    /// <summary>The client's name is not allowed.</summary>
    ClientIdentifierNotValid = 0x85,

    /// <summary>User name or password are wrong.</summary>
    BadUserNameOrPassword = 0x86,

    /// <summary>The client may not do this.</summary>
    NotAuthorized = 0x87,

    /// <summary>The broker cannot be used now.</summary>
    ServerUnavailable = 0x88,

    /// <summary>The broker is busy.</summary>
    ServerBusy = 0x89,

    /// <summary>The client is banned.</summary>
    Banned = 0x8A,

    /// <summary>The broker shuts down.</summary>
    ServerShuttingDown = 0x8B,

    /// <summary>The way of authentication is not supported.</summary>
    BadAuthenticationMethod = 0x8C,

    /// <summary>Nothing was heard for too long.</summary>
    KeepAliveTimeout = 0x8D,

    /// <summary>Another client took the same name.</summary>
    SessionTakenOver = 0x8E,

    /// <summary>The filter is not allowed.</summary>
    TopicFilterInvalid = 0x8F,

    /// <summary>The topic is not allowed.</summary>
    TopicNameInvalid = 0x90,

    /// <summary>The packet's number is in use.</summary>
    PacketIdentifierInUse = 0x91,

    /// <summary>The packet's number is not known.</summary>
    PacketIdentifierNotFound = 0x92,

    /// <summary>More messages were in flight than agreed.</summary>
    ReceiveMaximumExceeded = 0x93,

    /// <summary>The topic's alias is not allowed.</summary>
    TopicAliasInvalid = 0x94,

    /// <summary>The packet is larger than agreed.</summary>
    PacketTooLarge = 0x95,

    /// <summary>Messages came too fast.</summary>
    MessageRateTooHigh = 0x96,

    /// <summary>A limit was reached.</summary>
    QuotaExceeded = 0x97,

    /// <summary>An administrator ended it.</summary>
    AdministrativeAction = 0x98,

    /// <summary>The payload is not what it says.</summary>
    PayloadFormatInvalid = 0x99,

    /// <summary>The broker keeps no messages.</summary>
    RetainNotSupported = 0x9A,

    /// <summary>The broker does not offer the quality of service.</summary>
    QosNotSupported = 0x9B,

    /// <summary>Another server should be used for now.</summary>
    UseAnotherServer = 0x9C,

    /// <summary>Another server should be used from now on.</summary>
    ServerMoved = 0x9D,

    /// <summary>Shared subscriptions are not supported.</summary>
    SharedSubscriptionsNotSupported = 0x9E,

    /// <summary>Too many connections.</summary>
    ConnectionRateExceeded = 0x9F,

    /// <summary>The connection was allowed for so long and no longer.</summary>
    MaximumConnectTime = 0xA0,

    /// <summary>Numbered subscriptions are not supported.</summary>
    SubscriptionIdentifiersNotSupported = 0xA1,

    /// <summary>Wildcards are not supported.</summary>
    WildcardSubscriptionsNotSupported = 0xA2,
}
