using System.Runtime.CompilerServices;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.Tests.Pools;

/// <summary>A replica that does what a test says.</summary>
internal sealed class ScriptedReplica(string name) : ITarget, INetworkTarget
{
    public TargetDescriptor Descriptor { get; init; } = new() { Name = name, Model = "m", Zone = Zone.Site, Capabilities = TargetCapabilities.Chat | TargetCapabilities.Text | TargetCapabilities.Continuation };

    public TargetState State { get; set; } = TargetState.Warm;

    public bool NeedsNetwork => false;

    /// <summary>Called before anything is said; throws to fail.</summary>
    public Func<DecodeRequest, CancellationToken, Task> First { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>Called between the text and the completion.</summary>
    public Func<CancellationToken, Task> Then { get; set; } = _ => Task.CompletedTask;

    public bool? Probe { get; set; } = true;

    public int Asked { get; private set; }

    public int Probed { get; private set; }

    public int Woken { get; private set; }

    public int Cancelled { get; private set; }

    public async IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        Asked++;
        try
        {
            await First(request, cancellationToken).ConfigureAwait(false); // on the thread that lets time pass
            yield return new(name, 1);
            await Then(cancellationToken).ConfigureAwait(false);
            yield return new("", 0, new() { Finish = DecodeFinish.Stop, OutputTokens = 1 });
        }
        finally
        {
            if (cancellationToken.IsCancellationRequested) Cancelled++;
        }
    }

    public ValueTask<bool?> ProbeAsync(CancellationToken cancellationToken = default)
    {
        Probed++;
        if (Probe == false) State = new(TargetReadiness.Unavailable, "sick");
        return new(Probe);
    }

    public ValueTask WarmAsync(CancellationToken cancellationToken = default)
    {
        Woken++;
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Fails every request before anything is said.</summary>
    public void Fail(HybridError error = HybridError.TargetUnavailable, TimeSpan? retryAfter = null) =>
        First = (_, _) => throw new HybridException(error, $"{name} failed.") { RetryAfter = retryAfter };

    /// <summary>Never says anything; cancelled, it ends at once (a delay that is cancelled ends on another thread, while the test's clock runs on).</summary>
    public void Hang() => First = async (_, cancellationToken) =>
    {
        var never = new TaskCompletionSource();
        using var cancelled = cancellationToken.UnsafeRegister(_ => never.TrySetCanceled(cancellationToken), null);
        await never.Task.ConfigureAwait(false);
    };

    public void Recover() => First = (_, _) => Task.CompletedTask;
}
