using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Hybrid.Edge.Mqtt;
using Hybrid.Edge.Mqtt.Packets;
using Hybrid.Edge.Mqtt.Wire;
using MQTTnet;
using MQTTnet.Exceptions;
using MQTTnet.Formatter;
using MqttClientOptions = Hybrid.Edge.Mqtt.MqttClientOptions;
using MqttNetOptions = MQTTnet.MqttClientOptions;

namespace Hybrid.Adapters.MqttNet;

/// <summary>Opens links with MQTTnet.</summary>
internal sealed class MqttNetOpener(Action<MqttNetOptions>? configure)
{
    /// <exception cref="MqttFault">There is no connection.</exception>
    public async Task<(Link Link, Greeting Answer)> OpenAsync(ConnectPacket hello, CancellationToken cancellationToken)
    {
        var options = hello.Options;
        using var identity = options.Broker.Scheme is "mqtts" or "wss" ? ClientIdentity.Load(options.Tls) : null;
        using var check = new BrokerCertificateCheck(options.Tls, options.Broker.IdnHost, options.TimeProvider);
        var net = Translate(options, identity, check);
        var client = new MqttClientFactory().CreateLowLevelMqttClient();
        var link = new MqttNetLink(client, options);
        try
        {
            await client.ConnectAsync(net, cancellationToken);
            return (link, await link.GreetAsync(Packets.Hello(hello, net), cancellationToken));
        }
        catch (Exception failure)
        {
            await link.DisposeAsync();
            cancellationToken.ThrowIfCancellationRequested();
            throw Fault(failure, check, options) ?? failure;
        }
    }

    private static MqttFault? Fault(Exception failure, BrokerCertificateCheck check, MqttClientOptions options)
    {
        var cause = failure is MqttCommunicationException { InnerException: { } inner } ? inner : failure;
        if (check.Problem is { } problem)
            return new(new(MqttReasonCode.UnspecifiedError, $"the broker's certificate is not accepted: {problem}", IsPermanent: true, Cause: failure));
        return cause switch
        {
            MqttFault or HybridException => null,
            AuthenticationException => new(new(MqttReasonCode.UnspecifiedError, $"TLS failed: {Words(cause)}", IsPermanent: true, Cause: failure)),
            PacketException broken => new(MqttFailure.Broken(broken)),
            MqttProtocolViolationException => new(new(MqttReasonCode.ProtocolError, $"the broker broke the protocol: {Words(cause)}", Cause: failure)),
            _ => new(MqttFailure.Lost($"{options.Broker.Host} cannot be reached: {Words(cause)}", failure)),
        };
    }

    private static string Words(Exception failure) => (failure.InnerException ?? failure).Message.TrimEnd('.');

    private MqttNetOptions Translate(MqttClientOptions options, ClientIdentity? identity, BrokerCertificateCheck check)
    {
        var broker = options.Broker;
        var tls = new MqttClientTlsOptions
        {
            UseTls = broker.Scheme is "mqtts" or "wss",
            TargetHost = broker.IdnHost,
            CertificateValidationHandler = seen => check.Validate(check, seen.Certificate, seen.Chain, seen.SslPolicyErrors),
            RevocationMode = X509RevocationMode.NoCheck,
            ClientCertificatesProvider = identity is null ? null : new DefaultMqttCertificatesProvider(new X509Certificate2Collection(identity.Certificate)),
        };
        var net = new MqttNetOptions
        {
            ProtocolVersion = options.Version == MqttVersion.V5 ? MqttProtocolVersion.V500 : MqttProtocolVersion.V311,
            Timeout = options.ConnectTimeout,
            ChannelOptions = broker.Scheme is "ws" or "wss"
                ? new MqttClientWebSocketOptions { Uri = broker.AbsoluteUri, TlsOptions = tls, KeepAliveInterval = TimeSpan.Zero } // MQTT has its own
                : new MqttClientTcpOptions
                {
                    RemoteEndpoint = new DnsEndPoint(broker.IdnHost, broker.Port > 0 ? broker.Port : tls.UseTls ? 8883 : 1883),
                    TlsOptions = tls,
                    LingerState = new LingerOption(false, 0), // MQTTnet's own throws away what was just written: a goodbye, too
                },
        };
        Configure(net);
        return net.AuthenticationMethod is null
            ? net
            : throw new HybridException(HybridError.Configuration, "MQTTnet's enhanced authentication cannot be used here. Nothing was sent; use UserName and Password, or a certificate.");
    }

    private void Configure(MqttNetOptions net)
    {
        try
        {
            configure?.Invoke(net);
        }
        catch (Exception failure)
        {
            // Its message is not repeated: it may hold a secret.
            throw new HybridException(HybridError.Configuration, $"What changes MQTTnet's options failed with {failure.GetType().Name}. Nothing was sent.", failure);
        }
    }
}
