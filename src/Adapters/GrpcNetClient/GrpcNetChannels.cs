using System.Collections.Concurrent;
using Grpc.Net.Client;
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

    private static GrpcChannel Make(GrpcTargetOptions options) => GrpcChannel.ForAddress(options.Endpoint, new()
    {
        HttpHandler = GrpcConnection.Handler(options),
        DisposeHttpClient = true,
        MaxReceiveMessageSize = null, // each request has its own limit
        MaxRetryAttempts = 1, // the pool's own policy retries
    });
}
