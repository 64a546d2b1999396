using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Hybrid.Targets;

namespace Hybrid.Edge.Tests.Inference;

/// <summary>Says what a test gives it, when the test gives it.</summary>
internal sealed class GateTarget : ITarget
{
    private readonly Channel<(DecodeRequest Request, Channel<string?> Words)> _asked = Channel.CreateUnbounded<(DecodeRequest, Channel<string?>)>();

    public TargetDescriptor Descriptor { get; init; } = new() { Name = "device", Model = "device-model", Zone = Zone.Device };

    public TargetState State => TargetState.Warm;

    /// <summary>The next request that arrived; null as a word ends its answer.</summary>
    public ValueTask<(DecodeRequest Request, Channel<string?> Words)> NextAsync(CancellationToken cancellationToken) => _asked.Reader.ReadAsync(cancellationToken);

    public bool WasAsked => _asked.Reader.Count > 0;

    public async IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var words = Channel.CreateUnbounded<string?>();
        await _asked.Writer.WriteAsync((request, words), cancellationToken);
        var said = 0;
        while (await words.Reader.ReadAsync(cancellationToken) is { } word)
        {
            said++;
            yield return new(word, 1);
        }

        yield return new("", 0, new() { Finish = DecodeFinish.Stop, PromptTokens = 3, OutputTokens = said });
    }

    public ValueTask WarmAsync(CancellationToken cancellationToken = default) => default;

    public ValueTask DisposeAsync() => default;
}
