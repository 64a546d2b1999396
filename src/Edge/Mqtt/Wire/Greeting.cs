namespace Hybrid.Edge.Mqtt.Wire;

/// <summary>What a broker answers to the first packet, besides its limits.</summary>
/// <param name="SessionPresent">Whether it still has the client's session.</param>
/// <param name="Reason">Whether it lets the client in.</param>
/// <param name="Why">Its own words for that.</param>
/// <param name="ClientId">The name that it gave the client; null: none.</param>
internal sealed record Greeting(bool SessionPresent, MqttReasonCode Reason, string? Why, string? ClientId);
