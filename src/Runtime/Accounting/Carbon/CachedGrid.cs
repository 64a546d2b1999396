using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Hybrid.Accounting;

/// <summary>Asks a provider in the background, one question at a time for each zone, and answers from what it last heard.</summary>
internal sealed partial class CachedGrid(IGridProvider provider, TimeProvider time, ILogger logger) : IGridIntensitySource, IDisposable
{
    /// <summary>How long an answer may take.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    /// <summary>How soon a failed question is asked again.</summary>
    public static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(30);

    /// <summary>How long the last figure counts while the provider fails: grids publish by the half or the whole hour.</summary>
    public static readonly TimeSpan ValidFor = TimeSpan.FromHours(1);

    /// <summary>How long a figure counts as just asked.</summary>
    public static readonly TimeSpan LiveFor = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, ZoneState> _zones = new(StringComparer.OrdinalIgnoreCase);
    private readonly CancellationTokenSource _closing = new();
    private int _disposed;

    public GridReading Read(string zone)
    {
        var state = Ask(zone);
        return Now(state.Known);
    }

    public async ValueTask ReadyAsync(string zone, CancellationToken cancellationToken = default) =>
        await Ask(zone).Refresh.WaitAsync(cancellationToken);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        _closing.Cancel();
        _closing.Dispose();
        provider.Dispose();
    }

    /// <summary>Starts a question where what is known is old and none is under way.</summary>
    private ZoneState Ask(string zone)
    {
        var state = _zones.GetOrAdd(zone, static _ => new());
        if (!state.Refresh.IsCompleted || !IsDue(state.Known)) return state;
        lock (state.Starting)
        {
            if (!state.Refresh.IsCompleted || !IsDue(state.Known)) return state;
            var first = state.Known.TriedAt is null;
            state.Refresh = first && provider.AnswersAtOnce ? RefreshAsync(zone, state) : Task.Run(() => RefreshAsync(zone, state));
        }

        return state;
    }

    private bool IsDue(Known known)
    {
        if (known.TriedAt is not { } tried) return true;
        var wait = known.Problem.Length == 0 || provider.FreshFor < RetryAfter ? provider.FreshFor : RetryAfter;
        return time.GetElapsedTime(tried) >= wait;
    }

    private GridReading Now(Known known)
    {
        var age = known.AnsweredAt is { } at ? time.GetElapsedTime(at) : TimeSpan.MaxValue;
        if (age <= LiveFor && known.Problem.Length == 0) return known.Live!;
        if (age <= ValidFor) return known.Cached!;
        return known.Unknown.ExpectedAt(time.GetUtcNow()) is { } expected
            ? known.Unknown with { Current = new(expected, provider.Kind, $"{provider.Name}, from its last forecast", IntensityProvenance.Cached), Problem = "" }
            : known.Unknown;
    }

    private async Task RefreshAsync(string zone, ZoneState state)
    {
        var before = state.Known;
        var (grams, problem) = await AskAsync(token => provider.CurrentAsync(zone, token));
        var next = before with { TriedAt = time.GetTimestamp(), Problem = problem };
        if (problem.Length == 0) next = next with { AnsweredAt = next.TriedAt, Grams = grams };
        if (before.ForecastTriedAt is not { } tried || time.GetElapsedTime(tried) >= provider.ForecastFreshFor)
        {
            var (forecast, missing) = await AskAsync(token => provider.ForecastAsync(zone, token));
            next = next with { ForecastTriedAt = time.GetTimestamp(), Forecast = forecast ?? before.Forecast, ForecastProblem = missing };
        }

        state.Known = next.Worded(provider, time);
        if (problem.Length > 0 && problem != before.Problem && _disposed == 0) LogUnknown(logger, provider.Name, zone, problem);
        if (problem.Length == 0 && before.Problem.Length > 0 && before.TriedAt is not null) LogKnown(logger, provider.Name, zone);
    }

    private async Task<(T? Answer, string Problem)> AskAsync<T>(Func<CancellationToken, Task<T>> ask)
    {
        try
        {
            using var timeout = new CancellationTokenSource(Timeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _closing.Token);
            return (await ask(either.Token).WaitAsync(either.Token), "");
        }
        catch (Exception error)
        {
            // Whatever it is, nobody waits for this task: the reason goes where decisions can show it.
            return (default, Reason(error));
        }
    }

    private static string Reason(Exception error) => error switch
    {
        GridAnswerException => error.Message,
        OperationCanceledException => $"it did not answer within {Timeout.TotalSeconds:0} s",
        JsonException => "its answer is not the expected JSON",
        HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded } => "its answer is too long",
        HttpRequestException http => $"it could not be reached ({http.HttpRequestError})",
        FileNotFoundException or DirectoryNotFoundException => "there is no such file",
        _ => $"it could not be read ({error.GetType().Name})",
    };

    [LoggerMessage(1301, LogLevel.Warning, "{Provider} does not say how dirty zone {Zone} is: {Reason}. The last known figure counts for an hour, then the one that the target states.")]
    private static partial void LogUnknown(ILogger logger, string provider, string zone, string reason);

    [LoggerMessage(1302, LogLevel.Information, "{Provider} says again how dirty zone {Zone} is.")]
    private static partial void LogKnown(ILogger logger, string provider, string zone);

    private sealed class ZoneState
    {
        public Lock Starting { get; } = new();

        public volatile Known Known = new();

        public volatile Task Refresh = Task.CompletedTask;
    }

    /// <summary>What was heard of one zone: swapped whole, its readings made once.</summary>
    private sealed record Known
    {
        public long? TriedAt { get; init; }

        public long? AnsweredAt { get; init; }

        public double Grams { get; init; }

        public string Problem { get; init; } = "it was not asked yet";

        public long? ForecastTriedAt { get; init; }

        public IReadOnlyList<GridForecastPoint> Forecast { get; init; } = [];

        public string ForecastProblem { get; init; } = "it was not asked yet";

        public GridReading? Live { get; private init; }

        public GridReading? Cached { get; private init; }

        public GridReading Unknown { get; private init; } = new(null, []) { Problem = "the provider was not asked yet", ForecastProblem = "the provider was not asked yet" };

        public Known Worded(IGridProvider provider, TimeProvider time)
        {
            var since = Problem.Length == 0 ? provider.Name : $"{provider.Name}, an earlier answer: since {time.GetUtcNow():yyyy-MM-dd HH:mm}Z {Problem}";
            var missing = Forecast.Count == 0 && ForecastProblem.Length > 0 ? $"{provider.Name}: {ForecastProblem}" : "";
            return this with
            {
                Live = new(new(Grams, provider.Kind, provider.Name, IntensityProvenance.Live), Forecast) { ForecastProblem = missing },
                Cached = new(new(Grams, provider.Kind, since, IntensityProvenance.Cached), Forecast) { ForecastProblem = missing },
                Unknown = new(null, Forecast) { Problem = Problem.Length == 0 ? $"{provider.Name}: its last answer is too old" : $"{provider.Name}: {Problem}", ForecastProblem = missing },
            };
        }
    }
}
