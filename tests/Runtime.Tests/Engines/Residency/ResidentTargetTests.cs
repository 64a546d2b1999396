using Hybrid.Engines.Residency;
using Hybrid.Targets;

namespace Hybrid.Tests.Engines.Residency;

public class ResidentTargetTests
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(60);
    private static readonly TargetDescriptor Configured = new() { Name = "device", Model = "m", Zone = Zone.Device, DollarsPerHour = 0.01, ContextLength = 4096 };
    private readonly ManualTimeProvider _time = new();
    private readonly ScriptedTarget _inner = new("engine", "a", "b");

    [Fact]
    public async Task It_is_cold_then_warming_then_what_was_loaded()
    {
        var gate = new TaskCompletionSource<ITarget>();
        await using var target = Target(_ => new(gate.Task));
        Assert.Equal(TargetReadiness.Cold, target.State.Readiness);
        var warming = target.WarmAsync().AsTask();
        Assert.Equal(TargetReadiness.Warming, target.State.Readiness);

        _inner.Descriptor = _inner.Descriptor with { ContextLength = 1024, ParametersBillions = 0.5 };
        gate.SetResult(_inner);
        await warming.WaitAsync(Hang);
        Assert.Same(_inner.State, target.State);
        Assert.Equal(("device", "m", 0.01, 1024, 0.5), (target.Descriptor.Name, target.Descriptor.Model, target.Descriptor.DollarsPerHour, target.Descriptor.ContextLength, target.Descriptor.ParametersBillions));
    }

    [Fact]
    public async Task Everybody_who_waits_shares_one_load_and_a_cancel_ends_only_the_wait()
    {
        var gate = new TaskCompletionSource<ITarget>();
        var loads = 0;
        await using var target = Target(_ => { loads++; return new(gate.Task); });
        using var source = new CancellationTokenSource();
        var first = target.WarmAsync(source.Token).AsTask();
        var second = Text(target);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first.WaitAsync(Hang));
        gate.SetResult(_inner);
        Assert.Equal("ab", await second.WaitAsync(Hang));
        Assert.Equal("ab", await Text(target).WaitAsync(Hang));
        Assert.Equal(1, loads);
    }

    [Fact]
    public async Task A_failed_load_says_why_is_unavailable_for_a_while_and_is_tried_again()
    {
        var loads = 0;
        await using var target = Target(_ => loads++ == 0 ? throw new HybridException(HybridError.ModelFile, "cut off") : new(_inner));
        var error = await Assert.ThrowsAsync<HybridException>(() => Text(target).WaitAsync(Hang));
        Assert.Equal((HybridError.ModelFile, "cut off"), (error.Error, error.Message));
        Assert.Equal(new(TargetReadiness.Unavailable, "cut off"), target.State);
        Assert.Equal(HybridError.ModelFile, (await Assert.ThrowsAsync<HybridException>(() => Text(target).WaitAsync(Hang))).Error);
        Assert.Equal(1, loads);

        _time.Advance(ResidentModel.DefaultRetryAfter);
        Assert.Equal(TargetReadiness.Cold, target.State.Readiness);
        Assert.Equal("ab", await Text(target).WaitAsync(Hang));
        Assert.Equal(TargetReadiness.Warm, target.State.Readiness);
    }

    [Fact]
    public async Task Warming_tries_a_failed_load_again_at_once()
    {
        var loads = 0;
        await using var target = Target(_ => loads++ == 0 ? throw new IOException("disk") : new(_inner));
        await Assert.ThrowsAsync<HybridException>(() => target.WarmAsync().AsTask().WaitAsync(Hang));
        await target.WarmAsync().AsTask().WaitAsync(Hang);
        Assert.Equal(TargetReadiness.Warm, target.State.Readiness);
    }

    [Fact]
    public async Task A_foreign_failure_becomes_a_typed_one()
    {
        await using var target = Target(_ => throw new IOException("disk"));
        var error = await Assert.ThrowsAsync<HybridException>(() => target.WarmAsync().AsTask().WaitAsync(Hang));
        Assert.Equal(HybridError.TargetUnavailable, error.Error);
        Assert.IsType<IOException>(error.InnerException);
    }

    [Fact]
    public async Task A_target_in_another_zone_than_configured_is_not_taken()
    {
        _inner.Descriptor = _inner.Descriptor with { Zone = Zone.Public };
        await using var target = Target(_ => new(_inner));
        await Assert.ThrowsAsync<HybridException>(() => Text(target).WaitAsync(Hang));
        Assert.Empty(_inner.Received);
        Assert.True(_inner.Disposed);
    }

    [Fact]
    public async Task Disposing_ends_a_load_and_disposes_what_was_loaded()
    {
        var loaded = Target(_ => new(_inner));
        await loaded.WarmAsync();
        await loaded.DisposeAsync();
        await loaded.DisposeAsync();
        Assert.True(_inner.Disposed);

        var loading = Target(async token => { await Task.Delay(Timeout.Infinite, token); return _inner; });
        var warming = loading.WarmAsync().AsTask();
        await loading.DisposeAsync().AsTask().WaitAsync(Hang);
        await Assert.ThrowsAnyAsync<Exception>(() => warming.WaitAsync(Hang));
        await Assert.ThrowsAsync<HybridException>(() => loading.WarmAsync().AsTask());
        Assert.Equal(TargetReadiness.Unavailable, loading.State.Readiness);
    }

    [Fact]
    public async Task It_counts_with_the_loaded_model_and_estimates_before()
    {
        await using var target = Target(_ => new(new CountingTarget()));
        PromptMessage[] turns = [new("user", "12345678")];
        Assert.Equal(7, ((ITokenCounter)target).CountTokens(turns)); // 8 bytes / 4 + 5
        await target.WarmAsync();
        Assert.Equal(1001, ((ITokenCounter)target).CountTokens(turns));
    }

    [Fact]
    public async Task A_model_without_embeddings_says_so()
    {
        await using var target = Target(_ => new(_inner));
        var error = await Assert.ThrowsAsync<HybridException>(() => ((IEmbeddingTarget)target).EmbedAsync(["a"]).WaitAsync(Hang));
        Assert.Equal(HybridError.InvalidRequest, error.Error);
    }

    private ITarget Target(Func<CancellationToken, ValueTask<ITarget>> load) => new ResidentModels(time: _time).Add(new() { Descriptor = Configured, LoadAsync = load });

    private static async Task<string> Text(ITarget target)
    {
        var text = "";
        await foreach (var update in target.GenerateAsync(new() { Prompt = new MessagesPrompt([]) })) text += update.Text;
        return text;
    }

    /// <summary>A target with a tokenizer.</summary>
    private sealed class CountingTarget : ITarget, ITokenCounter
    {
        public TargetDescriptor Descriptor { get; } = new() { Name = "counting", Model = "m", Zone = Zone.Device };

        public TargetState State => TargetState.Warm;

        public int CountTokens(IReadOnlyList<PromptMessage> messages) => 1000 + messages.Count;

        public async IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            await Task.CompletedTask;
            yield return new("", 0, new() { Finish = DecodeFinish.Stop });
        }

        public ValueTask WarmAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
