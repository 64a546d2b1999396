using System.Net;
using System.Threading.Channels;
using Google.Protobuf;
using Hybrid.Protocol;

namespace Hybrid.CloudConnector.Grpc;

/// <summary>The messages of a call that sends more than one: each goes out as it is written, also while answers come.</summary>
internal sealed class GrpcOutgoing : HttpContent
{
    private readonly Channel<IMessage> _messages = Channel.CreateUnbounded<IMessage>(new() { SingleReader = true });

    /// <summary>Sends a message; does not wait. One after <see cref="Complete"/> goes nowhere.</summary>
    public void Write(IMessage message) => _messages.Writer.TryWrite(message);

    /// <summary>Closes this half of the call.</summary>
    public void Complete() => _messages.Writer.TryComplete();

    /// <summary>The messages in turn, for whoever sends them; to be read once.</summary>
    public IAsyncEnumerable<IMessage> ReadAllAsync(CancellationToken cancellationToken) => _messages.Reader.ReadAllAsync(cancellationToken);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await foreach (var message in ReadAllAsync(cancellationToken))
        {
            await stream.WriteAsync(GrpcFraming.ToArray(message), cancellationToken);
            await stream.FlushAsync(cancellationToken);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
