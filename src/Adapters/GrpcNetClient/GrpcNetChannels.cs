using System.Collections.Concurrent;
using Grpc.Net.Client;
using Hybrid.CloudConnector;
using Hybrid.CloudConnector.Grpc;

namespace Hybrid.Adapters.GrpcNetClient;

/// <summary>One channel for each address and authority, where an app brings none.</summary>
internal sealed class GrpcNetChannels : IDisposable
{
    private readonly ConcurrentDictionary<(Uri Endpoint, string? Authority, TimeSpan Patience), Lazy<GrpcChannel>> _channels = [];

    public GrpcChannel Open(GrpcTargetOptions options) =>
        _channels.GetOrAdd((options.Endpoint, options.CertificateAuthorityPath, options.ConnectTimeout), _ => new(() => Make(options))).Value;

    public void Dispose()
    {
        foreach (var channel in _channels.Values)
            channel.Value.Dispose();
    }

    private static GrpcChannel Make(GrpcTargetOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = options.ConnectTimeout,
            EnableMultipleHttp2Connections = true,
            AllowAutoRedirect = false, // A redirect could lead out of the zone that the policy chose.
            UseProxy = false,
            KeepAlivePingDelay = TimeSpan.FromSeconds(20),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
        };
        PinnedAuthority.Trust(handler, options.Descriptor.Name, options.CertificateAuthorityPath);
        return GrpcChannel.ForAddress(options.Endpoint, new()
        {
            HttpHandler = handler,
            DisposeHttpClient = true,
            MaxReceiveMessageSize = null, // each request has its own limit
            MaxRetryAttempts = 1, // the pool's own policy retries
        });
    }
}
