using Hybrid.Device;
using Hybrid.Models.Prefetch;

namespace Hybrid.Tests.Models.Prefetch;

/// <summary>A device with models, a line and a memory in virtual time; everything runs on the thread that lets time pass.</summary>
internal sealed class PrefetchWorld : IAsyncDisposable, ILinkState, IMemoryPressure
{
    private readonly Network.LogLines _log = new();
    private Prefetcher? _prefetcher;

    public ManualTimeProvider Time { get; } = new();

    public List<VirtualModel> Models { get; } = [];

    public PrefetchOptions Options { get; set; } = new();

    public string? Problem { get; set; }

    public bool IsHigh { get; set; }

    /// <summary>Files that somebody else pulls.</summary>
    public int OtherPulls { get; set; }

    public long? AvailableBytes { get; set; } = 16L << 30;

    public long? MemoryBudget { get; set; }

    public string? StatePath { get; set; }

    public Prefetcher Prefetcher => _prefetcher ??= Prefetcher.Start(new()
    {
        Models = [.. Models],
        Options = Options,
        Link = this,
        Time = Time,
        Logger = _log,
        Memory = this,
        MemoryBudget = MemoryBudget,
        StatePath = StatePath,
        Pulls = () => OtherPulls + Models.Count(model => model.IsFetching),
    });

    public Network.LogLines Log => _log;

    public VirtualModel Add(string name, long bytes = 1000, PrefetchLevel level = PrefetchLevel.Fetched, PrefetchLevel nearest = PrefetchLevel.Loaded)
    {
        var model = new VirtualModel(name, bytes, Time) { Level = level, Nearest = nearest };
        Models.Add(model);
        return model;
    }

    /// <summary>A request for a model that takes a while; the model is loaded meanwhile, and after it if <paramref name="stays"/>.</summary>
    public void Ask(VirtualModel model, TimeSpan takes, bool stays = false)
    {
        using (Prefetcher.Use(model.Name))
        {
            model.Level = PrefetchLevel.Loaded;
            Pass(takes);
        }

        if (!stays) model.Level = PrefetchLevel.Fetched;
    }

    /// <summary>Lets time pass, in steps that timers fall into.</summary>
    public void Pass(TimeSpan time)
    {
        _ = Prefetcher;
        Time.Advance(time);
    }

    /// <summary>Lets time pass until the clock shows a time.</summary>
    public void PassTo(DateTimeOffset time) => Pass(time - Time.GetUtcNow());

    /// <summary>As after a restart of the process.</summary>
    public async Task RestartAsync()
    {
        if (_prefetcher is not null) await _prefetcher.DisposeAsync();
        _prefetcher = null;
    }

    public async ValueTask DisposeAsync() => await RestartAsync();
}

/// <summary>A model that is brought nearer at a stated pace, and writes down when.</summary>
internal sealed class VirtualModel(string name, long bytes, ManualTimeProvider time) : IPrefetchable
{
    private long _fetched;

    public string Name => name;

    public PrefetchLevel Level { get; set; }

    public PrefetchLevel Nearest { get; init; }

    public bool IsLoaded => Level == PrefetchLevel.Loaded;

    public long FileBytes => Level == PrefetchLevel.None ? 0 : bytes;

    /// <summary>Of a fetch; each second's worth is one piece.</summary>
    public long BytesPerSecond { get; set; } = 100;

    public HybridException? Fails { get; set; }

    /// <summary>What was done, and when it ended.</summary>
    public List<(string What, DateTimeOffset At)> Done { get; } = [];

    public bool IsFetching { get; private set; }

    /// <summary>Bytes that came over the line in all.</summary>
    public long CameBytes { get; private set; }

    public ValueTask<long> MissingBytesAsync(CancellationToken cancellationToken) => new(bytes - _fetched);

    public ValueTask<long> MemoryBytesAsync(CancellationToken cancellationToken) => new(bytes);

    public async Task FetchAsync(long? bytesPerSecond, Action<long> fetched, CancellationToken cancellationToken)
    {
        if (Fails is not null) throw Fails;
        IsFetching = true;
        try
        {
            while (_fetched < bytes)
            {
                await WaitAsync(TimeSpan.FromSeconds(1), cancellationToken).ConfigureAwait(false);
                var piece = Math.Min(Math.Min(BytesPerSecond, bytesPerSecond ?? long.MaxValue), bytes - _fetched);
                _fetched += piece;
                CameBytes += piece;
                fetched(piece);
            }
        }
        finally
        {
            IsFetching = false;
        }

        Reach(PrefetchLevel.Fetched);
    }

    public Task PrimeAsync(int threads, CancellationToken cancellationToken)
    {
        Reach(PrefetchLevel.Primed, $"primed by {threads}");
        return Task.CompletedTask;
    }

    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        if (IsLoaded) return;
        await WaitAsync(TimeSpan.FromSeconds(5), cancellationToken).ConfigureAwait(false);
        Reach(PrefetchLevel.Loaded);
    }

    /// <summary>The files are removed.</summary>
    public void Remove() => (Level, _fetched) = (PrefetchLevel.None, 0);

    /// <summary>Unlike <c>Task.Delay</c>, goes on inside the call that cancels it.</summary>
    private async Task WaitAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        var waited = new TaskCompletionSource();
        await using var timer = time.CreateTimer(_ => waited.TrySetResult(), null, wait, Timeout.InfiniteTimeSpan);
        await using var cancelled = cancellationToken.Register(() => waited.TrySetCanceled(cancellationToken));
        await waited.Task.ConfigureAwait(false);
    }

    private void Reach(PrefetchLevel level, string? what = null)
    {
        Level = level;
        Done.Add((what ?? level.ToString().ToLowerInvariant(), time.GetUtcNow()));
    }
}
