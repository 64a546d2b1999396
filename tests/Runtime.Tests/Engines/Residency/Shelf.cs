using System.Runtime.CompilerServices;
using Hybrid.Device;
using Hybrid.Engines.Residency;
using Hybrid.Targets;

namespace Hybrid.Tests.Engines.Residency;

/// <summary>Models of made-up sizes in one budget, and everything that was loaded and unloaded, in order.</summary>
internal sealed class Shelf(long? budget, int queue = 64) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly List<string> _events = [];

    public ManualTimeProvider Time { get; } = new();

    public IMemoryPressure? Pressure { get; init; }

    public ResidentModels Models => field ??= new(budget, Time, queue, pressure: Pressure);

    public IReadOnlyList<string> Events
    {
        get
        {
            lock (_lock) return [.. _events];
        }
    }

    public ITarget Add(string name, long bytes, TimeSpan? keepAlive = null, bool pinned = false, Task? loading = null, Task? unloading = null, Func<Task<HybridException?>>? failing = null) =>
        Models.Add(new()
        {
            Descriptor = new() { Name = name, Model = name, Zone = Zone.Device },
            EstimateAsync = _ => new(bytes),
            KeepAlive = keepAlive,
            Pinned = pinned,
            LoadAsync = async token =>
            {
                Tell("+" + name);
                if (loading is not null) await loading.WaitAsync(token);
                if (failing is not null && await failing() is { } error) throw error;
                return new Book(name, () => Tell("-" + name), unloading);
            },
        });

    public static DecodeRequest Ask(DateTimeOffset? deadline = null) => new() { Prompt = new TextPrompt("?"), Deadline = deadline };

    /// <summary>Asks and reads to the end.</summary>
    public static async Task<string> ReadAsync(ITarget target, DateTimeOffset? deadline = null, CancellationToken cancellationToken = default)
    {
        using var hang = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, TestContext.Current.CancellationToken);
        hang.CancelAfter(TimeSpan.FromSeconds(60));
        var text = "";
        var open = target.GenerateAsync(Ask(deadline), hang.Token);
        await foreach (var update in open) text += update.Text;
        return text;
    }

    /// <summary>Asks and reads the first token; the model is busy until the stream is disposed.</summary>
    public static async Task<IAsyncEnumerator<DecodeUpdate>> OpenAsync(ITarget target)
    {
        var stream = target.GenerateAsync(Ask(), TestContext.Current.CancellationToken).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await stream.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60)));
        return stream;
    }

    /// <summary>Waits for what threads of the pool do.</summary>
    public static async Task UntilAsync(Func<bool> done)
    {
        using var hang = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!done())
        {
            hang.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    public ValueTask DisposeAsync() => Models.DisposeAsync();

    private void Tell(string what)
    {
        lock (_lock) _events.Add(what);
    }

    /// <summary>Says its name and then numbers; when disposed, its streams fail.</summary>
    private sealed class Book(string name, Action disposed, Task? unloading) : ITarget
    {
        private volatile bool _disposed;

        public TargetDescriptor Descriptor { get; } = new() { Name = name, Model = name, Zone = Zone.Device };

        public TargetState State => TargetState.Warm;

        public async IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            foreach (var text in new[] { name, "1", "2" })
            {
                await Task.Yield();
                cancellationToken.ThrowIfCancellationRequested();
                if (_disposed) throw new HybridException(HybridError.TargetUnavailable, "disposed");
                yield return new(text, 1);
            }

            yield return new("", 0, new() { Finish = DecodeFinish.Stop });
        }

        public ValueTask WarmAsync(CancellationToken cancellationToken = default) => default;

        public async ValueTask DisposeAsync()
        {
            _disposed = true;
            disposed();
            if (unloading is not null) await unloading;
        }
    }
}
