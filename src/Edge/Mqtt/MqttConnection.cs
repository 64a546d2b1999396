namespace Hybrid.Edge.Mqtt;

/// <summary>What is known of a connection to a broker.</summary>
/// <param name="IsConnected">Whether there is one.</param>
/// <param name="SessionPresent">Whether the broker still had this client's session when it connected last.</param>
/// <param name="Reason">What the broker said last of connecting or disconnecting.</param>
/// <param name="Why">What happened last, for people.</param>
public sealed record MqttConnection(bool IsConnected, bool SessionPresent, MqttReasonCode Reason, string Why);
