using System.Runtime.CompilerServices;
using Hybrid.Targets;

namespace Hybrid.Cli.Tests.Serve;

/// <summary>Answers when a test lets it.</summary>
internal sealed class SlowTarget(Task release) : ITarget
{
    public TargetDescriptor Descriptor { get; } = new() { Name = "slow", Model = "slow", Zone = Zone.Device };

    public TargetState State => TargetState.Warm;

    public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public async IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        Asked.TrySetResult();
        await release.WaitAsync(cancellationToken);
        yield return new("slow", 1, new() { Finish = DecodeFinish.Stop, OutputTokens = 1 });
    }

    public ValueTask WarmAsync(CancellationToken cancellationToken = default) => default;

    public ValueTask DisposeAsync() => default;
}
