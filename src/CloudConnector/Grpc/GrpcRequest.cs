using System.Net.Http.Headers;
using Google.Protobuf;
using Hybrid.Protocol;

namespace Hybrid.CloudConnector.Grpc;

/// <summary>What a call is made of.</summary>
/// <param name="Service">With its package, such as <c>hybrid.decode.v1.Decode</c>.</param>
/// <param name="Method">One of the service.</param>
/// <param name="Message">The message; null: they come by <paramref name="Outgoing"/>.</param>
/// <param name="Outgoing">The messages as they come.</param>
internal sealed record GrpcRequest(string Service, string Method, IMessage? Message, GrpcOutgoing? Outgoing)
{
    /// <summary>A call with one message.</summary>
    public GrpcRequest(string service, string method, IMessage message)
        : this(service, method, message, null)
    {
    }

    /// <summary>A call whose messages are written while it runs.</summary>
    public GrpcRequest(string service, string method, GrpcOutgoing outgoing)
        : this(service, method, null, outgoing)
    {
    }

    /// <summary>What the far side is told of the time that is left; null: nothing.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Headers beside gRPC's own.</summary>
    public IReadOnlyList<(string Name, string Value)> Metadata { get; init; } = [];

    /// <summary>Longest message that is taken, in bytes.</summary>
    public int MessageLimit { get; init; } = GrpcFraming.DefaultMessageLimit;

    public HttpRequestMessage ToHttp()
    {
        var request = new HttpRequestMessage(HttpMethod.Post, $"/{Service}/{Method}")
        {
            Version = System.Net.HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = Outgoing ?? (HttpContent)new ByteArrayContent(GrpcFraming.ToArray(Message!)),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        request.Headers.Add("grpc-accept-encoding", "identity");
        if (Timeout is { } left)
            request.Headers.Add("grpc-timeout", GrpcTimeout.Format(left));
        foreach (var (name, value) in Metadata)
            request.Headers.TryAddWithoutValidation(name, value);
        return request;
    }
}
