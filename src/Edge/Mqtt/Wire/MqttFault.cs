namespace Hybrid.Edge.Mqtt.Wire;

/// <summary>Carries a failure out of a connection; it stays inside the client.</summary>
internal sealed class MqttFault(MqttFailure failure) : Exception(failure.Why, failure.Cause)
{
    public MqttFailure Failure => failure;
}
