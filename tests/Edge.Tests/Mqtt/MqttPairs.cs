using Hybrid.Edge.Mqtt;
using Hybrid.Edge.Tests.Mqtt.Brokers;

namespace Hybrid.Edge.Tests.Mqtt;

public sealed class MosquittoFiveTests(MosquittoFixture fixture) : MqttContract(fixture.Broker), IClassFixture<MosquittoFixture>;

public sealed class MosquittoThreeTests(MosquittoFixture fixture) : MqttContract(fixture.Broker), IClassFixture<MosquittoFixture>
{
    protected override MqttVersion Version => MqttVersion.V311;
}

public sealed class AedesTests(AedesFixture fixture) : MqttContract(fixture.Broker), IClassFixture<AedesFixture>
{
    protected override MqttVersion Version => MqttVersion.V311;
}

public sealed class AedesWebSocketTests(AedesFixture fixture) : MqttContract(fixture.Broker), IClassFixture<AedesFixture>
{
    protected override MqttVersion Version => MqttVersion.V311;

    protected override Uri Endpoint => ((AedesBroker)Broker).Web;
}

/// <summary>One mosquitto for the tests of a class.</summary>
public sealed class MosquittoFixture : IAsyncLifetime
{
    private Mosquitto? _broker;

    /// <summary>Skips the test that asks for it where it is not installed.</summary>
    public Mosquitto Broker
    {
        get
        {
            Assert.SkipWhen(_broker is null, Mosquitto.Missing);
            return _broker;
        }
    }

    public async ValueTask InitializeAsync()
    {
        if (Mosquitto.Program is not null) _broker = await Mosquitto.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_broker is not null) await _broker.DisposeAsync();
    }
}

/// <summary>One aedes for the tests of a class.</summary>
public sealed class AedesFixture : IAsyncLifetime
{
    public AedesBroker Broker { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Broker = await AedesBroker.StartAsync();

    public ValueTask DisposeAsync() => Broker.DisposeAsync();
}
