using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Authentication;

namespace Hybrid.Edge.Mqtt.Wire;

/// <summary>Opens the stream of bytes to a broker: TCP, TLS, or a WebSocket over either.</summary>
internal static class BrokerStream
{
    /// <exception cref="MqttFault">It could not be opened.</exception>
    /// <exception cref="HybridException">A file of the certificates cannot be read (<see cref="HybridError.Configuration"/>).</exception>
    public static async Task<Stream> OpenAsync(MqttClientOptions options, CancellationToken cancellationToken)
    {
        using var identity = options.Broker.Scheme is "mqtts" or "wss" ? ClientIdentity.Load(options.Tls) : null;
        using var check = new BrokerCertificateCheck(options.Tls, options.Broker.IdnHost, options.TimeProvider);
        try
        {
            return options.Broker.Scheme is "ws" or "wss"
                ? await OpenWebSocketAsync(options, identity, check, cancellationToken)
                : await OpenSocketAsync(options, identity, check, cancellationToken);
        }
        catch (Exception failure) when (check.Problem is { } problem)
        {
            throw new MqttFault(new(MqttReasonCode.UnspecifiedError, $"the broker's certificate is not accepted: {problem}", IsPermanent: true, Cause: failure));
        }
        catch (AuthenticationException failure)
        {
            throw new MqttFault(new(MqttReasonCode.UnspecifiedError, $"TLS failed: {Words(failure)}", IsPermanent: true, Cause: failure));
        }
        catch (Exception failure) when (failure is SocketException or IOException or WebSocketException)
        {
            throw new MqttFault(MqttFailure.Lost($"{options.Broker.Host} cannot be reached: {Words(failure)}", failure));
        }
    }

    private static async Task<Stream> OpenSocketAsync(MqttClientOptions options, ClientIdentity? identity, BrokerCertificateCheck check, CancellationToken cancellationToken)
    {
        var secure = options.Broker.Scheme == "mqtts";
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Stream? stream = null;
        try
        {
            await socket.ConnectAsync(options.Broker.IdnHost, options.Broker.Port > 0 ? options.Broker.Port : secure ? 8883 : 1883, cancellationToken);
            stream = new NetworkStream(socket, ownsSocket: true);
            if (!secure) return stream;
            var tls = new SslStream(stream);
            stream = tls;
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = options.Broker.IdnHost,
                    RemoteCertificateValidationCallback = check.Validate,
                    ClientCertificateContext = identity?.Context,
                },
                cancellationToken);
            return tls;
        }
        catch
        {
            if (stream is not null) await stream.DisposeAsync();
            socket.Dispose();
            throw;
        }
    }

    private static async Task<Stream> OpenWebSocketAsync(MqttClientOptions options, ClientIdentity? identity, BrokerCertificateCheck check, CancellationToken cancellationToken)
    {
        var socket = new ClientWebSocket();
        try
        {
            socket.Options.AddSubProtocol("mqtt");
            socket.Options.KeepAliveInterval = TimeSpan.Zero; // MQTT has its own
            socket.Options.RemoteCertificateValidationCallback = check.Validate;
            if (identity is not null) socket.Options.ClientCertificates.Add(identity.Certificate);
            await socket.ConnectAsync(options.Broker, cancellationToken);
            if (socket.SubProtocol != "mqtt") throw new MqttFault(new(MqttReasonCode.UnspecifiedError, "the WebSocket does not speak MQTT", IsPermanent: true));
            return WebSocketStream.Create(socket, WebSocketMessageType.Binary, ownsWebSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static string Words(Exception failure) => (failure.InnerException is { } inner and not WebSocketException ? inner.Message : failure.Message).TrimEnd('.');
}
