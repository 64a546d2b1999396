using Hybrid.Accounting;
using Hybrid.Accounting.Budgets;
using Hybrid.Network;
using Hybrid.Policy;
using Hybrid.Targets;
using Microsoft.Extensions.Logging;

namespace Hybrid.Warmth;

/// <summary>Wakes pools before they are needed and keeps them warm while that pays; else lets them fall asleep.</summary>
/// <remarks>
/// Every request tells what it would have saved had a pool been warm (<see cref="WarmthRule"/>), and when requests come
/// (<see cref="ArrivalForecast"/>). Four times in the time that a pool stays warm it is asked how it is; where it sleeps, or would before
/// the next look, it is woken if that pays. What that costs is taken from the app's budget before; without room for it nobody is woken.
/// </remarks>
internal sealed partial class PreWarmer : IAsyncDisposable
{
    private static readonly TimeSpan LeastLook = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan MostLook = TimeSpan.FromMinutes(1);
    private readonly Watched[] _watched;
    private readonly ArrivalForecast _forecast;
    private readonly Func<TargetSnapshot[]> _look;
    private readonly NetworkState? _network;
    private readonly BudgetLedger? _budgets;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _disposed = new();

    private PreWarmer(Watched[] watched, ArrivalForecast forecast, Func<TargetSnapshot[]> look, NetworkState? network, HybridChatClientOptions options, ILogger logger)
    {
        (_watched, _forecast, _look, _network) = (watched, forecast, look, network);
        (_budgets, _time, _logger) = (options.Budgets, options.TimeProvider, logger);
        foreach (var one in watched)
        {
            var every = one.Target.Descriptor.StaysWarm / 4;
            every = every < LeastLook ? LeastLook : every > MostLook ? MostLook : every;
            one.Every = every;
            one.Timer = _time.CreateTimer(_ => Look(one), null, every, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Watches the targets that the options name.</summary>
    /// <param name="targets">All targets.</param>
    /// <param name="options">Names, budgets and clock.</param>
    /// <param name="look">All targets as they are now, in the same order.</param>
    /// <param name="network">While it is down nobody is woken.</param>
    /// <param name="logger">Told of each pool that is woken.</param>
    /// <returns>Null where none is named.</returns>
    /// <exception cref="HybridException">One is not there, or does not say how long it stays warm (<see cref="HybridError.Configuration"/>).</exception>
    public static PreWarmer? Of(IReadOnlyList<ITarget> targets, HybridChatClientOptions options, Func<TargetSnapshot[]> look, NetworkState? network, ILogger logger)
    {
        if (options.PreWarm.Count == 0) return null;
        var forecast = new ArrivalForecast(options.TimeProvider.LocalTimeZone, options.TimeProvider.GetUtcNow());
        Watched[] watched = [.. options.PreWarm.Distinct(StringComparer.Ordinal).Select(name => new Watched(targets, Place(targets, name)))];
        return new(watched, forecast, look, network, options, logger);
    }

    /// <summary>A request came: it tells when they come, and what each pool's warmth would be worth to it.</summary>
    public void Arrived(in RequestProfile profile, TargetSnapshot[] targets, RoutingPolicy policy)
    {
        _forecast.Observe(_time.GetUtcNow());
        foreach (var one in _watched) one.Learn(WarmthRule.SavingDollars(profile, targets, policy, one.Place));
    }

    /// <summary>A target answered, so that it is warm from now on.</summary>
    public void Used(string target)
    {
        foreach (var one in _watched)
            if (one.Target.Descriptor.Name == target) one.UsedAt = _time.GetTimestamp();
    }

    public async ValueTask DisposeAsync()
    {
        await _disposed.CancelAsync().ConfigureAwait(false);
        foreach (var one in _watched)
        {
            await one.Timer!.DisposeAsync().ConfigureAwait(false);
            await one.Looking.ConfigureAwait(false);
        }

        _disposed.Dispose();
    }

    private void Look(Watched one)
    {
        lock (one)
            if (!_disposed.IsCancellationRequested) one.Looking = LookAgainAsync(one);
    }

    private async Task LookAgainAsync(Watched one)
    {
        await LookAsync(one).ConfigureAwait(false);
        if (!_disposed.IsCancellationRequested) one.Timer!.Change(one.Every, Timeout.InfiniteTimeSpan);
    }

    private async Task LookAsync(Watched one)
    {
        if (_network?.IsOutOfReach(one.Target) == true) return;
        if (one.Failed > 0)
        {
            one.Failed--;
            return;
        }

        var expected = _forecast.Expected(_time.GetUtcNow(), one.Target.Descriptor.StaysWarm);
        if (!WarmthRule.Pays(expected, one.SavingDollars, 0)) return; // not even for nothing: nobody is asked
        // Whether it sleeps decides what waking costs; what is not asked is not known.
        if (one.Target is INetworkTarget asked) await Probing.AskAsync(asked, _time, _disposed.Token).ConfigureAwait(false);
        if (_disposed.IsCancellationRequested) return;
        var seen = _look()[one.Place];
        var price = WarmthRule.PriceDollars(seen);
        if (!FallsAsleep(one, seen.State) || !WarmthRule.Pays(expected, one.SavingDollars, price)) return;
        one.Failed = await WakeAsync(one, expected, price).ConfigureAwait(false) ? 0 : Watched.LooksLeftOut;
    }

    /// <summary>Whether it sleeps, or will before the next look.</summary>
    private bool FallsAsleep(Watched one, TargetState state) => state.Readiness switch
    {
        TargetReadiness.Cold => true,
        TargetReadiness.Warm => one.UsedAt is { } at && _time.GetElapsedTime(at) + one.Every >= one.Target.Descriptor.StaysWarm,
        _ => false,
    };

    /// <returns>False: it could not be woken.</returns>
    private async Task<bool> WakeAsync(Watched one, double expected, double price)
    {
        var name = one.Target.Descriptor.Name;
        BudgetReservation? reserved = null;
        try
        {
            if (_budgets?.Limited(null).Dollars == true)
            {
                (reserved, var refusal) = await _budgets.ReserveAsync(null, BudgetAmount.Up(price, 0), _disposed.Token).ConfigureAwait(false);
                if (reserved is null)
                {
                    LogNoBudget(_logger, name, refusal);
                    return false;
                }
            }

            await one.Target.WarmAsync(_disposed.Token).ConfigureAwait(false);
            one.UsedAt = _time.GetTimestamp();
            if (reserved is not null) _budgets!.Settle(reserved, reserved.Most);
            HybridMeter.PreWarmed(name, price);
            LogWoken(_logger, name, expected, one.Target.Descriptor.StaysWarm, one.SavingDollars, price);
            return true;
        }
        catch (Exception error) // whatever it is, the pool is not awake
        {
            // It may have begun to wake, so its price stays spent; a cent too many is told, not hidden.
            if (reserved is not null) _budgets!.Settle(reserved, reserved.Most);
            if (!_disposed.IsCancellationRequested) LogNotWoken(_logger, name, error.Message);
            return false;
        }
    }

    private static int Place(IReadOnlyList<ITarget> targets, string name)
    {
        for (var i = 0; i < targets.Count; i++)
        {
            if (targets[i].Descriptor.Name != name) continue;
            if (targets[i].Descriptor.StaysWarm > TimeSpan.Zero) return i;
            throw new HybridException(HybridError.Configuration, $"Pool '{name}' is to be woken ahead and does not say how long it stays warm. Set StaysWarm, or PreWarm to false.");
        }

        throw new HybridException(HybridError.Configuration, $"There is no target '{name}' to wake ahead. There are {string.Join(", ", targets.Select(target => target.Descriptor.Name))}.");
    }

    [LoggerMessage(1511, LogLevel.Information, "Pool {Target} is woken ahead: {Expected:0.##} requests are expected in {Span}, the first would save ${Saving:0.####}, and it costs ${Price:0.####}.")]
    private static partial void LogWoken(ILogger logger, string target, double expected, TimeSpan span, double saving, double price);

    [LoggerMessage(1512, LogLevel.Warning, "Pool {Target} could not be woken ahead: {Error}")]
    private static partial void LogNotWoken(ILogger logger, string target, string error);

    [LoggerMessage(1513, LogLevel.Warning, "Pool {Target} is not woken ahead: {Refusal}")]
    private static partial void LogNoBudget(ILogger logger, string target, string refusal);

    private sealed class Watched(IReadOnlyList<ITarget> targets, int place)
    {
        /// <summary>Looks that are left out once it could not be woken.</summary>
        public const int LooksLeftOut = 8;

        private const double Weight = 0.1; // of the newest request
        private int _requests;

        public int Place => place;

        public ITarget Target => targets[place];

        public ITimer? Timer { get; set; }

        public TimeSpan Every { get; set; }

        public Task Looking { get; set; } = Task.CompletedTask;

        public int Failed { get; set; }

        /// <summary>When it was last known to be in use, as a timestamp.</summary>
        public long? UsedAt { get; set; }

        /// <summary>What a request saves by its warmth, in dollars, the mean of the latest.</summary>
        public double SavingDollars { get; private set; }

        public void Learn(double saving)
        {
            lock (this)
                SavingDollars += (saving - SavingDollars) * Math.Max(Weight, 1.0 / ++_requests);
        }
    }
}
