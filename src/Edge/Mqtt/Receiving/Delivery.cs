namespace Hybrid.Edge.Mqtt.Receiving;

/// <summary>A message on its way to one handler.</summary>
/// <param name="Message">The message.</param>
/// <param name="Received">What is answered when the handler has returned; null: nothing.</param>
/// <param name="Order">Its place among all messages for that handler.</param>
internal readonly record struct Delivery(MqttMessage Message, Received? Received, long Order);
