using System.Collections.Concurrent;
using Hybrid.Configuration;
using Microsoft.Extensions.Logging;

namespace Hybrid.Models.Prefetch;

/// <summary>Brings one model nearer, step by step, where nothing speaks against it.</summary>
internal sealed partial class PrefetchSteps(PrefetchParts parts, PrefetchBooks books, Foreground foreground, bool mayFetch)
{
    /// <summary>What had to leave is not read or loaded again at once.</summary>
    public static readonly TimeSpan Rest = TimeSpan.FromMinutes(15);

    private static readonly TimeSpan FirstRest = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestRest = TimeSpan.FromHours(6);
    private static readonly TimeSpan LongestLoad = TimeSpan.FromMinutes(10);
    private const int IdleThreads = 4;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Attempts> _attempts = new(StringComparer.OrdinalIgnoreCase);
    private CancellationTokenSource? _fetching;
    private string? _fetchingModel;

    /// <summary>A request came: stops what is being fetched, unless it is what is asked for.</summary>
    public void MakeWay(string model)
    {
        Of(model).DoneAt.Clear();
        CancellationTokenSource? stopped;
        lock (_lock) stopped = _fetchingModel != model ? _fetching : null;
        Stop(stopped);
    }

    /// <summary>Brings a model as near as it is wished, or as near as may be now.</summary>
    public async Task BringAsync(PrefetchWish wish, IReadOnlyList<PrefetchWish> all, CancellationToken cancellationToken)
    {
        var model = parts.Models.First(one => one.Name == wish.Model);
        var to = wish.Level < model.Nearest ? wish.Level : model.Nearest;
        var attempts = Of(model.Name);
        if (to == PrefetchLevel.Loaded && model.IsLoaded)
        {
            await RenewAsync(model, cancellationToken).ConfigureAwait(false);
            return;
        }

        for (var level = model.Level + 1; level <= to; level++)
        {
            if (Resting(attempts, level)) return;
            string? reason;
            try
            {
                reason = await RefusalAsync(model, level, all, cancellationToken).ConfigureAwait(false);
                if (reason is null) await StepAsync(model, level, cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                PrefetchMeter.Stepped(model.Name, level, "stopped");
                return;
            }
            catch (HybridException failure)
            {
                Failed(attempts, model.Name, level, failure.Message);
                return;
            }

            Tell(attempts, wish, level, reason);
            if (reason is not null) return;
            attempts.Failures = 0;
            PrefetchMeter.Stepped(model.Name, level, "done");
        }
    }

    /// <summary>Counts as a use of its memory, so that it is not unloaded as idle before it is needed.</summary>
    private static async Task RenewAsync(IPrefetchable model, CancellationToken cancellationToken)
    {
        try
        {
            await model.LoadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (HybridException)
        {
            // It left meanwhile; the next look sees that.
        }
    }

    private async ValueTask<string?> RefusalAsync(IPrefetchable model, PrefetchLevel level, IReadOnlyList<PrefetchWish> all, CancellationToken cancellationToken)
    {
        if (level != PrefetchLevel.Primed && foreground.IsBusy) return "requests go first";
        if (level != PrefetchLevel.Fetched && parts.Memory is { IsHigh: true }) return "the device is short of memory";
        switch (level)
        {
            case PrefetchLevel.Fetched:
                if (!mayFetch) return "another process fetches ahead for this store";
                if (parts.Link.Problem is { } problem) return problem;
                if (parts.Pulls?.Invoke() > 0) return "a pull goes first";
                return books.Refusal(await model.MissingBytesAsync(cancellationToken).ConfigureAwait(false), parts.Time.GetUtcNow());
            case PrefetchLevel.Primed:
                return model.FileBytes > parts.Memory?.AvailableBytes / 2 ? $"its file of {ByteSize.Text(model.FileBytes)} is more than half of the memory that is left" : null;
            default:
                return await RoomAsync(model, all, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Whether it can be loaded without another leaving that is wished loaded too, or in use.</summary>
    private async ValueTask<string?> RoomAsync(IPrefetchable model, IReadOnlyList<PrefetchWish> all, CancellationToken cancellationToken)
    {
        var bytes = await model.MemoryBytesAsync(cancellationToken).ConfigureAwait(false);
        if (bytes > parts.Memory?.AvailableBytes) return $"it needs {ByteSize.Text(bytes)} of memory, more than is left";
        if (parts.MemoryBudget is not { } budget) return null;
        var running = foreground.Running;
        foreach (var other in parts.Models.Where(other => other != model && other.IsLoaded))
            if (running.Contains(other.Name, StringComparer.OrdinalIgnoreCase) || all.Any(wish => wish.Model == other.Name && wish.Level == PrefetchLevel.Loaded))
                bytes += await other.MemoryBytesAsync(cancellationToken).ConfigureAwait(false);
        return bytes > budget ? "models that are wished too, or in use, fill the memory budget" : null;
    }

    private async Task StepAsync(IPrefetchable model, PrefetchLevel level, CancellationToken cancellationToken)
    {
        switch (level)
        {
            case PrefetchLevel.Fetched:
                await FetchAsync(model, cancellationToken).ConfigureAwait(false);
                return;
            case PrefetchLevel.Primed:
                await model.PrimeAsync(foreground.IsBusy ? 1 : IdleThreads, cancellationToken).ConfigureAwait(false);
                break;
            default:
                using (var late = new CancellationTokenSource(LongestLoad, parts.Time))
                using (var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken))
                    await model.LoadAsync(either.Token).ConfigureAwait(false);
                break;
        }

        Of(model.Name).DoneAt[level] = parts.Time.GetUtcNow();
        books.Brought(model.Name, level, model.FileBytes);
    }

    private async Task FetchAsync(IPrefetchable model, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        lock (_lock) (_fetching, _fetchingModel) = (stop, model.Name);
        try
        {
            // A request may have come between the check and now.
            if (foreground.IsBusy) throw new OperationCanceledException("requests go first");
            await model.FetchAsync(parts.Options.BytesPerSecond, Came, stop.Token).ConfigureAwait(false);
        }
        finally
        {
            lock (_lock) (_fetching, _fetchingModel) = (null, null);
        }

        void Came(long bytes)
        {
            var goesOn = books.Came(model.Name, bytes, parts.Time.GetUtcNow());
            if (goesOn && parts.Link.Problem is null && !(parts.Pulls?.Invoke() > 1)) return; // the one is this
            Stop(stop);
        }
    }

    /// <summary>Outside the lock: what listens may go on at once.</summary>
    private static void Stop(CancellationTokenSource? fetching)
    {
        try
        {
            fetching?.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended meanwhile.
        }
    }

    /// <summary>After a failure, and where the same was done a while ago and did not last.</summary>
    private bool Resting(Attempts attempts, PrefetchLevel level)
    {
        var now = parts.Time.GetUtcNow();
        if (now < attempts.NotBefore && now >= attempts.FailedAt) return true;
        return attempts.DoneAt.TryGetValue(level, out var at) && now >= at && now - at < Rest;
    }

    /// <summary>Waits twice as long after each failure in a row.</summary>
    private void Failed(Attempts attempts, string model, PrefetchLevel level, string message)
    {
        PrefetchMeter.Stepped(model, level, "failed");
        attempts.FailedAt = parts.Time.GetUtcNow();
        var rest = FirstRest * Math.Pow(2, Math.Min(attempts.Failures++, 20));
        rest = rest < LongestRest ? rest : LongestRest;
        attempts.NotBefore = attempts.FailedAt + rest;
        LogFailed(parts.Logger, model, level, rest, message);
    }

    /// <summary>Says each thing once.</summary>
    private void Tell(Attempts attempts, PrefetchWish wish, PrefetchLevel level, string? reason)
    {
        var said = $"{level} {reason}";
        if (attempts.Said == said) return;
        attempts.Said = said;
        if (reason is null) LogBrought(parts.Logger, wish.Model, level, wish.Why);
        else LogNotNow(parts.Logger, wish.Model, level, reason);
    }

    private Attempts Of(string model)
    {
        lock (_lock) return _attempts.TryGetValue(model, out var known) ? known : _attempts[model] = new();
    }

    [LoggerMessage(1611, LogLevel.Information, "Model {Model} is {Level} ahead: {Why}.")]
    private static partial void LogBrought(ILogger logger, string model, PrefetchLevel level, string why);

    [LoggerMessage(1612, LogLevel.Debug, "Model {Model} is not {Level} ahead now: {Reason}.")]
    private static partial void LogNotNow(ILogger logger, string model, PrefetchLevel level, string reason);

    [LoggerMessage(1613, LogLevel.Warning, "Model {Model} could not be {Level} ahead; it is tried again after {Rest}. {Reason}")]
    private static partial void LogFailed(ILogger logger, string model, PrefetchLevel level, TimeSpan rest, string reason);

    private sealed class Attempts
    {
        public int Failures { get; set; }

        public DateTimeOffset FailedAt { get; set; }

        public DateTimeOffset NotBefore { get; set; }

        public ConcurrentDictionary<PrefetchLevel, DateTimeOffset> DoneAt { get; } = [];

        public string? Said { get; set; }
    }
}
