namespace Hybrid.Edge.Mqtt.Sessions;

/// <summary>A message in flight, as it is kept.</summary>
/// <param name="Message">The message.</param>
/// <param name="Given">When it was given to the client.</param>
/// <param name="Order">When it was first sent, among all others.</param>
/// <param name="IsReleased">Whether the broker has it, and only its number is still in use.</param>
internal sealed record KeptMessage(MqttMessage Message, DateTimeOffset Given, long Order, bool IsReleased);
