using Hybrid.Edge.Mqtt;

namespace Hybrid.Edge.Tests.Mqtt;

public sealed class MqttClientOptionsTests
{
    private static readonly MqttClientOptions Good = new() { Broker = new("mqtt://localhost") };

    public static TheoryData<string, MqttClientOptions> Wrong() => new()
    {
        { "Broker", Good with { Broker = new("http://localhost") } },
        { "Broker", Good with { Broker = new("mqtt://user:word@localhost") } },
        { "SessionPath", Good with { SessionPath = "x" } },
        { "SessionPath", Good with { SessionPath = "x", ClientId = "c", SessionExpiry = TimeSpan.Zero } },
        { "PasswordProvider", Good with { Password = "p", PasswordProvider = _ => new("p") } },
        { "UserName", Good with { Version = MqttVersion.V311, Password = "p" } },
        { "Will", Good with { Will = new(new() { Topic = "a/#" }) } },
        { "PinnedKeys", Good with { Tls = new() { PinnedKeys = ["abc"] } } },
        { "KeyPath", Good with { Tls = new() { KeyPath = "x" } } },
        { "KeepAlive", Good with { KeepAlive = TimeSpan.FromMilliseconds(1500) } },
        { "ReceiveMaximum", Good with { ReceiveMaximum = 0 } },
        { "ReceiveMaximum", Good with { SendMaximum = 65_536 } },
        { "MaximumPacketSize", Good with { MaximumPacketSize = 0 } },
        { "ReconnectDelay", Good with { ReconnectDelay = TimeSpan.FromHours(1) } },
        { "QueueLimit", Good with { QueueLimit = 0 } },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Options_that_cannot_work_are_refused_by_name(string name, MqttClientOptions options)
    {
        var refusal = Assert.Throws<HybridException>(() => new MqttClient(options));
        Assert.Equal(HybridError.Configuration, refusal.Error);
        Assert.Contains(name, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("word@", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_that_is_wrong_is_said_at_once()
    {
        var refusal = Assert.Throws<HybridException>(() => new MqttClient(Good with { QueueLimit = 0, TopicAliasMaximum = -1 }));
        Assert.Contains("QueueLimit", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("TopicAliasMaximum", refusal.Message, StringComparison.Ordinal);
    }
}
