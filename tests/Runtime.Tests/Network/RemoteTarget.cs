using System.Runtime.CompilerServices;
using Hybrid.Targets;

namespace Hybrid.Tests.Network;

/// <summary>Says the alphabet a letter each token; its line can hang, deaf to cancelling, until it is broken.</summary>
internal sealed class RemoteTarget(string name) : ITarget, INetworkTarget
{
    public const string Whole = "abcdefghij";
    private readonly TaskCompletionSource _line = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _asked;

    public TargetDescriptor Descriptor { get; init; } = new()
    {
        Name = name,
        Model = "m",
        Zone = Zone.Public,
        Capabilities = TargetCapabilities.Chat | TargetCapabilities.Continuation,
    };

    public TargetState State { get; init; } = TargetState.Warm;

    public bool NeedsNetwork { get; init; } = true;

    /// <summary>Letters before the line hangs; null: it does not.</summary>
    public int? HangsAfter { get; set; }

    public Func<bool?> Probe { get; set; } = () => null;

    public int Asked => _asked;

    public void Break(Exception fault) => _line.TrySetException(fault);

    public ValueTask<bool?> ProbeAsync(CancellationToken cancellationToken = default) => new(Probe());

    public async IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        Interlocked.Increment(ref _asked);
        for (var said = request.Continuation.Length; said < Whole.Length; said++)
        {
            if (said == HangsAfter) await _line.Task;
            yield return new(Whole[said..(said + 1)], 1);
        }

        yield return new("", 0, new() { Finish = DecodeFinish.Stop });
    }

    public async ValueTask WarmAsync(CancellationToken cancellationToken = default) => await Task.Delay(Timeout.Infinite, cancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
