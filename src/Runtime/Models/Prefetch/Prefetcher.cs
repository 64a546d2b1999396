using Microsoft.Extensions.Logging;

namespace Hybrid.Models.Prefetch;

/// <summary>Keeps the models near that are likely to be needed: fetched, in the page cache, or loaded.</summary>
/// <remarks>
/// Once a minute, and when a model begins to be used, it decides what should be near (<see cref="PrefetchPlanner"/>) and does what is missing, one step after the
/// other. Requests go first: while one runs, and <see cref="Quiet"/> after it, nothing is fetched or loaded, what is being fetched stops and goes on later, and
/// one thread alone reads files that are here. Thread-safe.
/// </remarks>
internal sealed partial class Prefetcher : IAsyncDisposable
{
    /// <summary>From one look to the next.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    /// <summary>From the end of a request until something is fetched or loaded.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan SaveEvery = TimeSpan.FromMinutes(5);
    private readonly PrefetchParts _parts;
    private readonly PrefetchSteps _steps;
    private readonly PrefetchBooks _books;
    private readonly UseHabits _habits;
    private readonly StateFile? _file;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly CancellationTokenSource _disposed = new();
    private readonly Foreground _foreground;
    private readonly Lock _lock = new();
    private Task _looking = Task.CompletedTask;
    private bool _again;
    private volatile bool _changed;
    private DateTimeOffset _savedAt;

    private Prefetcher(PrefetchParts parts, StateFile? file, bool mayFetch)
    {
        (_parts, _file, _time) = (parts, file, parts.Time);
        _habits = new(_time.LocalTimeZone);
        _books = new(parts.Options, _time.LocalTimeZone);
        _foreground = new(_time);
        _steps = new(parts, _books, _foreground, mayFetch);
        string? problem = null;
        if (file?.Read(out problem) is { } kept)
        {
            _habits.Restore(kept.Models);
            _books.Restore(kept);
        }
        else if (problem is not null)
        {
            LogForgotten(parts.Logger, parts.StatePath!, problem);
        }

        _savedAt = _time.GetUtcNow();
        _timer = _time.CreateTimer(_ => Look(), null, Every, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Begins to look.</summary>
    public static Prefetcher Start(PrefetchParts parts)
    {
        if (parts.StatePath is not { } path) return new(parts, null, mayFetch: true);
        var file = StateFile.Take(path, out var problem);
        if (file is null) LogNotTaken(parts.Logger, path, problem);
        return new(parts, file, mayFetch: file is not null);
    }

    /// <summary>A request begins to use a model; it ends when the result is disposed.</summary>
    public IDisposable Use(string model)
    {
        var now = _time.GetUtcNow();
        _changed = true;
        Measure(model, _habits.Begin(model, now));
        var use = _foreground.Begin(model, () => Ended(model));
        _steps.MakeWay(model);
        Nudge(TimeSpan.Zero);
        return use;
    }

    /// <summary>What should be near now, the likeliest first.</summary>
    public IReadOnlyList<PrefetchWish> Wishes() => PrefetchPlanner.Plan(_parts.Models.Select(model => model.Name), _parts.Options, _habits, _time.GetUtcNow(), _time.LocalTimeZone);

    public async ValueTask DisposeAsync()
    {
        if (_disposed.IsCancellationRequested) return;
        await _disposed.CancelAsync().ConfigureAwait(false);
        await _timer.DisposeAsync().ConfigureAwait(false);
        Task looking;
        lock (_lock) looking = _looking;
        await looking.ConfigureAwait(false);
        Save();
        _file?.Dispose();
        _disposed.Dispose();
    }

    /// <summary>What was brought nearer is used; it counts as a hit or a miss once a session.</summary>
    private void Measure(string model, bool begins)
    {
        if (_parts.Models.FirstOrDefault(one => string.Equals(one.Name, model, StringComparison.OrdinalIgnoreCase)) is not { } known) return;
        var near = _books.Used(known.Name);
        if (!begins) return;
        var result = near != PrefetchLevel.None ? "hit" : known.IsLoaded ? "warm" : "miss";
        PrefetchMeter.Used(known.Name, result, near);
    }

    private void Ended(string model)
    {
        _changed = true;
        _habits.Touch(model, _time.GetUtcNow());
        Nudge(Quiet);
    }

    /// <summary>Looks sooner than it otherwise would.</summary>
    private void Nudge(TimeSpan after)
    {
        lock (_lock)
        {
            if (_disposed.IsCancellationRequested) return;
            if (_looking.IsCompleted) _timer.Change(after, Timeout.InfiniteTimeSpan);
            else _again = true;
        }
    }

    private void Look()
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_disposed.IsCancellationRequested || !_looking.IsCompleted) return;
            (_again, _looking) = (false, ended.Task);
        }

        _ = LookAsync(ended);
    }

    private async Task LookAsync(TaskCompletionSource ended)
    {
        try
        {
            await BringAsync().ConfigureAwait(false);
            if ((_changed || _books.Changed) && _time.GetUtcNow() - _savedAt >= SaveEvery) Save();
        }
        catch (OperationCanceledException) when (_disposed.IsCancellationRequested)
        {
            // The looks end here.
        }
        catch (Exception failure) // a fault of ours must not end the looks, nor the process
        {
            LogFault(_parts.Logger, failure);
        }

        lock (_lock)
        {
            ended.SetResult();
            if (!_disposed.IsCancellationRequested) _timer.Change(_again ? Quiet : Every, Timeout.InfiniteTimeSpan);
        }
    }

    private async Task BringAsync()
    {
        var now = _time.GetUtcNow();
        foreach (var model in _foreground.Running) _habits.Touch(model, now);
        var wishes = Wishes();
        _books.Settle(
            model => wishes.FirstOrDefault(wish => wish.Model == model)?.Level ?? PrefetchLevel.None,
            model => _parts.Models.FirstOrDefault(one => one.Name == model) is { } known && known.Level > PrefetchLevel.None,
            now);
        foreach (var wish in wishes)
        {
            if (_disposed.IsCancellationRequested) return;
            await _steps.BringAsync(wish, wishes, _disposed.Token).ConfigureAwait(false);
        }
    }

    private void Save()
    {
        if (_file is null) return;
        try
        {
            _changed = false;
            _file.Write(_books.Keep(new() { Models = _habits.Keep() }));
            _savedAt = _time.GetUtcNow();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            LogNotSaved(_parts.Logger, _parts.StatePath!, failure.Message);
        }
    }

    [LoggerMessage(1601, LogLevel.Warning, "What was learned of the use of models cannot be kept in '{Path}': {Problem} Nothing is fetched ahead; what is here is still read and loaded ahead.")]
    private static partial void LogNotTaken(ILogger logger, string path, string problem);

    [LoggerMessage(1602, LogLevel.Warning, "What was learned of the use of models is not taken from '{Path}': {Problem}. It is learned anew.")]
    private static partial void LogForgotten(ILogger logger, string path, string problem);

    [LoggerMessage(1603, LogLevel.Warning, "What was learned of the use of models could not be written to '{Path}': {Problem} It is tried again.")]
    private static partial void LogNotSaved(ILogger logger, string path, string problem);

    [LoggerMessage(1604, LogLevel.Error, "A look at what should be near failed; it is tried again in a minute.")]
    private static partial void LogFault(ILogger logger, Exception failure);
}
