using Hybrid.Targets;

namespace Hybrid.Tests.Targets;

public class LazyTargetTests
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(60);
    private static readonly TargetDescriptor Configured = new() { Name = "device", Model = "m", Zone = Zone.Device, DollarsPerHour = 0.01, ContextLength = 4096 };
    private readonly ManualTimeProvider _time = new();
    private readonly ScriptedTarget _inner = new("engine", "a", "b");

    [Fact]
    public async Task It_is_cold_then_warming_then_what_was_loaded()
    {
        var gate = new TaskCompletionSource<ITarget>();
        await using var lazy = new LazyTarget(Configured, _ => new(gate.Task), _time);
        Assert.Equal(TargetReadiness.Cold, lazy.State.Readiness);
        var warming = lazy.WarmAsync().AsTask();
        Assert.Equal(TargetReadiness.Warming, lazy.State.Readiness);

        _inner.Descriptor = _inner.Descriptor with { ContextLength = 1024, ParametersBillions = 0.5 };
        gate.SetResult(_inner);
        await warming.WaitAsync(Hang);
        Assert.Same(_inner.State, lazy.State);
        Assert.Equal(("device", "m", 0.01, 1024, 0.5), (lazy.Descriptor.Name, lazy.Descriptor.Model, lazy.Descriptor.DollarsPerHour, lazy.Descriptor.ContextLength, lazy.Descriptor.ParametersBillions));
    }

    [Fact]
    public async Task Everybody_who_waits_shares_one_load_and_a_cancel_ends_only_the_wait()
    {
        var gate = new TaskCompletionSource<ITarget>();
        var loads = 0;
        await using var lazy = new LazyTarget(Configured, _ => { loads++; return new(gate.Task); }, _time);
        using var source = new CancellationTokenSource();
        var first = lazy.WarmAsync(source.Token).AsTask();
        var second = Text(lazy);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first.WaitAsync(Hang));
        gate.SetResult(_inner);
        Assert.Equal("ab", await second.WaitAsync(Hang));
        Assert.Equal("ab", await Text(lazy).WaitAsync(Hang));
        Assert.Equal(1, loads);
    }

    [Fact]
    public async Task A_failed_load_says_why_is_unavailable_for_a_while_and_is_tried_again()
    {
        var loads = 0;
        await using var lazy = new LazyTarget(Configured, _ => loads++ == 0 ? throw new HybridException(HybridError.ModelFile, "cut off") : new(_inner), _time);
        var error = await Assert.ThrowsAsync<HybridException>(() => Text(lazy).WaitAsync(Hang));
        Assert.Equal((HybridError.ModelFile, "cut off"), (error.Error, error.Message));
        Assert.Equal(new(TargetReadiness.Unavailable, "cut off"), lazy.State);

        _time.Advance(LazyTarget.DefaultRetryAfter);
        Assert.Equal(TargetReadiness.Cold, lazy.State.Readiness);
        Assert.Equal("ab", await Text(lazy).WaitAsync(Hang));
        Assert.Equal(TargetReadiness.Warm, lazy.State.Readiness);
    }

    [Fact]
    public async Task A_foreign_failure_becomes_a_typed_one()
    {
        await using var lazy = new LazyTarget(Configured, _ => throw new IOException("disk"), _time);
        var error = await Assert.ThrowsAsync<HybridException>(() => lazy.WarmAsync().AsTask().WaitAsync(Hang));
        Assert.Equal(HybridError.TargetUnavailable, error.Error);
        Assert.IsType<IOException>(error.InnerException);
    }

    [Fact]
    public async Task A_target_in_another_zone_than_configured_is_not_taken()
    {
        _inner.Descriptor = _inner.Descriptor with { Zone = Zone.Public };
        await using var lazy = new LazyTarget(Configured, _ => new(_inner), _time);
        await Assert.ThrowsAsync<HybridException>(() => Text(lazy).WaitAsync(Hang));
        Assert.Empty(_inner.Received);
        Assert.True(_inner.Disposed);
    }

    [Fact]
    public async Task Disposing_ends_a_load_and_disposes_what_was_loaded()
    {
        var loaded = new LazyTarget(Configured, _ => new(_inner), _time);
        await loaded.WarmAsync();
        await loaded.DisposeAsync();
        await loaded.DisposeAsync();
        Assert.True(_inner.Disposed);

        var loading = new LazyTarget(Configured, async token => { await Task.Delay(Timeout.Infinite, token); return _inner; }, _time);
        var warming = loading.WarmAsync().AsTask();
        await loading.DisposeAsync().AsTask().WaitAsync(Hang);
        await Assert.ThrowsAnyAsync<Exception>(() => warming.WaitAsync(Hang));
        await Assert.ThrowsAsync<HybridException>(() => loading.WarmAsync().AsTask());
        Assert.Equal(TargetReadiness.Unavailable, loading.State.Readiness);
    }

    [Fact]
    public async Task It_counts_with_the_loaded_model_and_estimates_before()
    {
        await using var lazy = new LazyTarget(Configured, _ => new(new CountingTarget()), _time);
        PromptMessage[] turns = [new("user", "12345678")];
        Assert.Equal(7, lazy.CountTokens(turns)); // 8 bytes / 4 + 5
        await lazy.WarmAsync();
        Assert.Equal(1001, lazy.CountTokens(turns));
    }

    private static async Task<string> Text(LazyTarget target)
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
