using Hybrid.Edge.Mqtt;
using Hybrid.Edge.Tests.Mqtt.Brokers;

namespace Hybrid.Edge.Tests.Mqtt;

public class MqttTlsTests : IDisposable
{
    private readonly Certificates _certificates = new();

    public void Dispose()
    {
        _certificates.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Makes the client under test.</summary>
    protected virtual MqttClient Create(MqttClientOptions options) => new(options);

    [Fact]
    public async Task A_certificate_of_the_named_authority_is_accepted_and_its_pin_too()
    {
        var (certificate, key, pin) = _certificates.Sign("good", "127.0.0.1");
        await using var broker = await Mosquitto.StartAsync($"certfile {certificate}", $"keyfile {key}");
        await ConnectAsync(broker, new() { AuthorityPath = _certificates.AuthorityPath });
        await ConnectAsync(broker, new() { AuthorityPath = _certificates.AuthorityPath, PinnedKeys = [new('0', 64), pin.ToUpperInvariant()] });
        await FailAsync(broker, new() { AuthorityPath = _certificates.AuthorityPath, PinnedKeys = [new('0', 64)] }, $"its key, {pin}, is not a pinned one");
        await FailAsync(broker, new(), "its authority is not trusted");
        using var others = new Certificates();
        await FailAsync(broker, new() { AuthorityPath = others.AuthorityPath }, "its authority is not trusted");
    }

    [Theory]
    [InlineData("127.0.0.1", -1, "it expired on")]
    [InlineData("other.example", 10, "it is not for the host '127.0.0.1'")]
    public async Task A_certificate_that_does_not_fit_is_refused_in_words(string host, int days, string words)
    {
        var (certificate, key, _) = _certificates.Sign("bad", host, days);
        await using var broker = await Mosquitto.StartAsync($"certfile {certificate}", $"keyfile {key}");
        await FailAsync(broker, new() { AuthorityPath = _certificates.AuthorityPath }, words);
    }

    [Fact]
    public async Task A_broker_that_wants_a_certificate_gets_the_clients()
    {
        var (certificate, key, _) = _certificates.Sign("server", "127.0.0.1");
        await using var broker = await Mosquitto.StartAsync($"certfile {certificate}", $"keyfile {key}", $"cafile {_certificates.AuthorityPath}", "require_certificate true");
        var trusting = new MqttTlsOptions { AuthorityPath = _certificates.AuthorityPath };
        var (own, ownKey, _) = _certificates.Sign("client", host: null);
        await ConnectAsync(broker, trusting with { CertificatePath = own, KeyPath = ownKey });
        await ConnectAsync(broker, trusting with { CertificatePath = _certificates.Pack(own, ownKey, "p"), KeyPassword = "p" });
        var wrong = await Assert.ThrowsAsync<HybridException>(() => ConnectAsync(broker, trusting with { CertificatePath = Path.ChangeExtension(own, ".pfx"), KeyPassword = "secret word" }));
        Assert.Equal(HybridError.Configuration, wrong.Error);
        Assert.DoesNotContain("secret word", wrong.ToString(), StringComparison.Ordinal);

        // Without one the broker ends TLS 1.3 behind the handshake: what is seen is a connection that ends at once, and so another attempt.
        await using var bare = Create(Options(broker, trusting));
        var refused = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bare.ConnectionChanged += (_, _) => refused.TrySetResult();
        using var cancel = new CancellationTokenSource();
        var starting = bare.StartAsync(cancel.Token);
        await Task.WhenAny(refused.Task, starting).WaitAsync(TimeSpan.FromMinutes(2));
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => starting);
        Assert.False(bare.Connection.IsConnected);
    }

    [Fact]
    public async Task A_secure_WebSocket_checks_as_much()
    {
        var (certificate, key, pin) = _certificates.Sign("web", "127.0.0.1");
        await using var broker = await AedesBroker.StartAsync(key, certificate);
        await ConnectAsync(broker.Web, new() { AuthorityPath = _certificates.AuthorityPath, PinnedKeys = [pin] });
        var failure = await Assert.ThrowsAsync<HybridException>(() => ConnectAsync(broker.Web, new() { AuthorityPath = _certificates.AuthorityPath, PinnedKeys = [new('0', 64)] }));
        Assert.Contains("is not a pinned one", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task User_and_password_are_checked()
    {
        Assert.SkipWhen(Mosquitto.Program is null, Mosquitto.Missing);
        var passwords = Path.Combine(Path.GetDirectoryName(_certificates.AuthorityPath)!, "passwords");
        using (var tool = System.Diagnostics.Process.Start("mosquitto_passwd", ["-b", "-c", passwords, "device", "right"])) await tool.WaitForExitAsync();
        await using var broker = await Mosquitto.StartAsync("allow_anonymous false", $"password_file {passwords}");
        var options = Options(broker, new()) with { UserName = "device", Password = "right" };
        await StartAsync(options);
        await StartAsync(options with { Password = null, PasswordProvider = _ => new("right") });
        var failure = await Assert.ThrowsAsync<HybridException>(() => StartAsync(options with { Password = "hunter2" }));
        Assert.Equal(HybridError.Unauthorized, failure.Error);
        Assert.DoesNotContain("hunter2", failure.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", (options with { Password = "hunter2" }).ToString(), StringComparison.Ordinal);
    }

    private static MqttClientOptions Options(IBroker broker, MqttTlsOptions tls) => new() { Broker = broker.Endpoint, Tls = tls, ReconnectDelay = TimeSpan.FromMilliseconds(1) };

    private Task ConnectAsync(IBroker broker, MqttTlsOptions tls) => StartAsync(Options(broker, tls));

    private Task ConnectAsync(Uri endpoint, MqttTlsOptions tls) => StartAsync(new() { Broker = endpoint, Tls = tls, Version = MqttVersion.V311 });

    private async Task StartAsync(MqttClientOptions options)
    {
        await using var client = Create(options);
        using var hang = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        await client.StartAsync(hang.Token);
        await client.PublishAsync(new() { Topic = "t", Qos = MqttQos.AtLeastOnce }, hang.Token);
    }

    private async Task FailAsync(IBroker broker, MqttTlsOptions tls, string words)
    {
        var failure = await Assert.ThrowsAsync<HybridException>(() => ConnectAsync(broker, tls));
        Assert.Equal(HybridError.Bus, failure.Error);
        Assert.True(failure.Message.Contains(words, StringComparison.Ordinal), failure.Message);
    }
}
