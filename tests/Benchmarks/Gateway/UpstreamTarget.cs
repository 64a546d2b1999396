using System.Runtime.CompilerServices;
using Hybrid.Targets;

namespace Hybrid.Benchmarks.Gateway;

/// <summary>The upstream as a target: the least that is needed to put our policy before it.</summary>
internal sealed class UpstreamTarget(string name, ChatUpstream upstream) : ITarget
{
    public TargetDescriptor Descriptor { get; } = new() { Name = name, Model = "m", Zone = Zone.Region("local"), ParametersBillions = 8 };

    public TargetState State => TargetState.Warm;

    public async IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var text = await upstream.AskAsync(((MessagesPrompt)request.Prompt).Messages[^1].Text, cancellationToken);
        yield return new(text, 1);
        yield return new("", 0, new() { Finish = DecodeFinish.Stop, OutputTokens = 1 });
    }

    public ValueTask WarmAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
