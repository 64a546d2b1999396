using Hybrid.Adapters.MqttNet;
using Hybrid.Edge.Mqtt;
using Hybrid.Edge.Tests.Mqtt.Brokers;

namespace Hybrid.Edge.Tests.Mqtt.Adapters;

public sealed class MqttNetMosquittoFiveTests(MosquittoFixture fixture) : MqttContract(fixture.Broker), IClassFixture<MosquittoFixture>
{
    protected override IMqttClient Create(MqttClientOptions options) => MqttNetClient.Create(options);
}

public sealed class MqttNetMosquittoThreeTests(MosquittoFixture fixture) : MqttContract(fixture.Broker), IClassFixture<MosquittoFixture>
{
    protected override MqttVersion Version => MqttVersion.V311;

    protected override IMqttClient Create(MqttClientOptions options) => MqttNetClient.Create(options);
}

public sealed class MqttNetAedesWebSocketTests(AedesFixture fixture) : MqttContract(fixture.Broker), IClassFixture<AedesFixture>
{
    protected override MqttVersion Version => MqttVersion.V311;

    protected override Uri Endpoint => ((AedesBroker)Broker).Web;

    protected override IMqttClient Create(MqttClientOptions options) => MqttNetClient.Create(options);
}

public sealed class MqttNetSessionTests : MqttSessionTests
{
    protected override MqttClient Create(MqttClientOptions options) => MqttNetClient.Create(options);
}

public sealed class MqttNetTlsTests : MqttTlsTests
{
    protected override MqttClient Create(MqttClientOptions options) => MqttNetClient.Create(options);
}
