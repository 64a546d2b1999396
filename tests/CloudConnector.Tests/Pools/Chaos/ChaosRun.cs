using Hybrid.Accounting;
using Hybrid.CloudConnector.Pools;
using Hybrid.CloudConnector.Pools.Retries;
using Hybrid.Configuration;
using Hybrid.Policy;
using Hybrid.Streaming;
using Hybrid.Targets;
using Hybrid.Tests.Streaming.Simulated;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.CloudConnector.Tests.Pools.Chaos;

/// <summary>A pool of sick replicas under load in virtual time, everything of it drawn from a seed, and what must hold of every such pool.</summary>
internal sealed class ChaosRun
{
    private const double Troubled = 60;
    private const double Healed = 400; // by then every ejection is over
    private readonly VirtualTime _time = new() { MostEvents = 1_000_000 };
    private readonly Random _random;
    private readonly PoolBug _bug;
    private readonly int _answerTokens;
    private readonly ChaosReplica[] _replicas;
    private readonly PoolOptions _declared;
    private readonly PoolTarget _pool;
    private readonly RoutingPolicy _policy;
    private readonly List<ChaosRequest> _requests = [];
    private readonly List<ReplicaTrace> _asked = [];
    private readonly List<(TimeSpan At, bool Again)> _sent = [];
    private readonly HashSet<ReplicaTrace> _firsts = [];
    private readonly List<TimeSpan> _calls = [];
    private int _mostOut;

    public ChaosRun(int seed, PoolBug bug = PoolBug.None)
    {
        (_random, _bug) = (new(seed), bug);
        _answerTokens = _random.Next(3, 25);
        var (count, sickness) = (_random.Next(1, 7), _random.NextDouble());
        _replicas = [.. Enumerable.Range(0, count).Select(i => Replica(i, sickness))];
        var oneMood = Chance(0.2) ? (Mood?)_random.Next(1, Enum.GetValues<Mood>().Length) : null; // all are sick alike
        if (oneMood is { } mood)
        {
            foreach (var replica in _replicas) replica.Moods[0] = (0, mood);
        }

        _declared = new()
        {
            Descriptor = new() { Name = "pool", Model = "m0", Zone = Zone.Site, Capabilities = TargetCapabilities.Chat | TargetCapabilities.Continuation, RoundTrip = TimeSpan.FromSeconds(0.01) },
            Limits = Chance(0.2) ? new() { Connections = _random.Next(1, 5), Pending = _random.Next(0, 4) } : new(),
            Retries = new()
            {
                TryTimeout = Chance(0.4) ? TimeSpan.FromSeconds(1 + (_random.NextDouble() * 4)) : null,
                HedgeQuantile = Chance(0.4) ? 0.5 + (_random.NextDouble() * 0.49) : null,
                HedgedTokensPerMinute = 50,
                Most = _random.Next(4),
            },
            Canary = new() { Share = _random.NextDouble() },
        };
        _pool = new(Options(), [.. _replicas.Select((replica, i) => (Place(replica, i), (ITarget)(bug is PoolBug.NeverCancels or PoolBug.ForgetsWhatWasSaid ? new BuggyReplica(replica, bug) : replica)))], _time, _random.NextDouble, NullLogger.Instance);
        _policy = new() { Name = "order", MaxTokenGap = Chance(0.5) ? TimeSpan.FromSeconds(0.5 + _random.NextDouble()) : null };
        var load = _random.Next(1, 60);
        for (var i = 0; i < load; i++) Ask(_random.NextDouble() * Troubled, i);
        for (var i = 0; i < 5; i++) Ask(Healed + (10 * i), load + i);
    }

    public int Completed => _requests.Count(request => request.Finish is RequestFinish.Stop or RequestFinish.Length);

    public int TakenOver => _requests.Sum(request => request.Receipt?.Handovers.Count ?? 0);

    public int Ejected { get; private set; }

    public int Again => _sent.Count(sent => sent.Again);

    public int Wasted => _asked.Sum(trace => trace.WastedInputTokens + trace.WastedOutputTokens);

    /// <returns>What does not hold; null: all does.</returns>
    public string? Run()
    {
        _time.RunUntil(TimeSpan.FromSeconds(Healed + 600), () => false);
        return _requests.Select(request => request.Check(_answerTokens)).FirstOrDefault(failure => failure is not null)
            ?? CheckHealed() ?? CheckEjections() ?? CheckRetries() ?? CheckWaste() ?? CheckLeftovers() ?? CheckLedger();
    }

    public override string ToString() => string.Join(
        '\n',
        [
            $"  {_replicas.Length} replicas, answers of {_answerTokens}, {_declared.Limits}, {_declared.Retries}, gap {_policy.MaxTokenGap}",
            .. _replicas.Select(replica => $"  {replica.Descriptor.Name} ({replica.Descriptor.Model}, {replica.Word}): {string.Join(", ", replica.Moods)}; asked {replica.Received.Count}"),
            .. _requests.Select(request => $"  {request}"),
        ]);

    private bool Chance(double of) => _random.NextDouble() < of;

    private ChaosReplica Replica(int index, double sickness)
    {
        var replica = new ChaosReplica(_time, new(_random.Next()), $"r{index}", index > 0 && Chance(0.1) ? 1 : 0, _answerTokens) { Word = Chance(0.6) ? Word.Honest : (Word)_random.Next(4) };
        for (var at = 0.0; at < Troubled; at += 2 + (_random.NextDouble() * 30)) replica.Moods.Add((at, Chance(sickness) ? (Mood)_random.Next(1, Enum.GetValues<Mood>().Length) : Mood.Well));
        replica.Moods.Add((Troubled + 30, Mood.Well));
        return replica;
    }

    private ReplicaOptions Place(ChaosReplica replica, int index) => new()
    {
        Name = replica.Descriptor.Name,
        Endpoint = new($"http://r{index}"),
        Weight = 0.5 + _random.NextDouble(),
        Model = replica.Descriptor.Model == "m0" ? null : replica.Descriptor.Model,
        Canary = index > 0 && Chance(0.15),
    };

    /// <summary>The rules that count: the declared ones, unless there is a bug.</summary>
    private PoolOptions Options() => _bug switch
    {
        PoolBug.EjectsAll => _declared with { Health = new() { MaxEjectedShare = 1 } },
        PoolBug.Stampedes => _declared with { Retries = _declared.Retries with { Most = 5, BudgetShare = 10, BudgetFloor = 1000 } },
        PoolBug.WastesTokens => _declared with { Retries = _declared.Retries with { HedgedTokensPerMinute = 1_000_000, HedgeQuantile = 0.5, BudgetShare = 1 } },
        _ => _declared,
    };

    private void Ask(double at, int index)
    {
        var deadline = Chance(0.9) || at < Troubled ? 0.2 + (_random.NextDouble() * 30) : 60;
        var request = new DecodeRequest
        {
            Id = $"{index}",
            Prompt = at < Troubled && Chance(0.03) ? new TextPrompt("poison") : new MessagesPrompt([new("user", $"question {_random.Next(20)}")]),
            MaxTokens = Chance(0.2) ? _random.Next(1, 10) : null,
            Privacy = PrivacyClass.Internal,
            Deadline = _time.GetUtcNow() + TimeSpan.FromSeconds(at + (at < Troubled ? deadline : 60)),
        };
        var asked = new ChaosRequest(_time, request, at >= Troubled);
        if (at < Troubled && Chance(0.05)) _time.After(at + (_random.NextDouble() * 2), asked.Cancel);
        _requests.Add(asked);
        _time.After(at, () => asked.Start(Conductor(), Decide(request), _policy));
    }

    private Conductor Conductor() => new(new(_time, NullLogger.Instance, _ => new Seen(this)));

    private Decision Decide(DecodeRequest request) => PolicyEngine.Decide(
        new() { PromptTokens = 10, ExpectedOutputTokens = 20, Privacy = request.Privacy }, [new(_pool.Descriptor, TargetState.Warm)], _policy);

    private void Sent(DecodeRequest request)
    {
        var out_ = _pool.Parts.Replicas.All.Count(replica => replica.Health.OutUntil(_pool.Parts.Clock.Now) is not null);
        _mostOut = Math.Max(_mostOut, out_);
        if (out_ > 0) Ejected++;
        if (request.Replicas is { } trace && !_asked.Contains(trace)) _asked.Add(trace);
    }

    private string? CheckHealed() => _requests.Where(request => request.AfterTrouble).FirstOrDefault(request => request.Finish is not (RequestFinish.Stop or RequestFinish.Length)) is { } failed
        ? $"all is well again, and still: {failed}" : null;

    private string? CheckEjections() => _mostOut > _replicas.Length / 2 ? $"{_mostOut} of {_replicas.Length} replicas were out" : null;

    private string? CheckRetries()
    {
        var moved = _replicas.SelectMany(replica => replica.Gone).ToList(); // from a replica that is gone to one that is well: no load more than there was
        foreach (var (at, request) in _replicas.SelectMany(replica => replica.Received).OrderBy(sent => sent.At))
        {
            var again = !_firsts.Add(request.Replicas!);
            var from = again ? moved.FindIndex(gone => gone.Trace == request.Replicas && gone.At <= at) : -1;
            if (from >= 0) moved.RemoveAt(from);
            _sent.Add((at, again && from < 0));
        }

        if (_declared.Limits.Connections < 100)
        {
            // A retry that was allowed may wait in line for long before it is sent, so all of them are counted together.
            var most = (_declared.Retries.BudgetFloor * Math.Ceiling((Healed + 100) / (RetryBudget.WindowSeconds - 1))) + (_declared.Retries.BudgetShare * _calls.Count);
            return Again > most ? $"{Again} retries beside {_calls.Count} requests" : null;
        }

        foreach (var (at, _) in _sent.Where(sent => sent.Again))
        {
            var retries = _sent.Count(sent => sent.Again && sent.At <= at && at - sent.At < TimeSpan.FromSeconds(RetryBudget.WindowSeconds - 2));
            // A retry was allowed when it was decided, up to a second before it was sent, and the oldest second leaves the budget whole.
            var load = _calls.Count(call => call <= at && at - call < TimeSpan.FromSeconds(RetryBudget.WindowSeconds + 1));
            if (retries > Math.Max(_declared.Retries.BudgetFloor, _declared.Retries.BudgetShare * load)) return $"{retries} retries at {at} beside {load} requests";
        }

        return null;
    }

    private string? CheckWaste()
    {
        // The load comes within two minutes that touch, and what is asked once all is well within one more.
        return Wasted > _declared.Retries.HedgedTokensPerMinute * 3 ? $"{Wasted} tokens were wasted" : null;
    }

    private string? CheckLeftovers()
    {
        if (_replicas.FirstOrDefault(replica => replica.Open > 0) is { } open) return $"{open.Descriptor.Name} is still decoding";
        if (_pool.Parts.Replicas.All.FirstOrDefault(replica => replica.Outstanding != 0) is { } held) return $"{held.Name} has {held.Outstanding} places taken";
        return _pool.Parts.Admission.Waiting > 0 ? "somebody still waits" : null;
    }

    private string? CheckLedger()
    {
        var told = _requests.Sum(request => request.Receipt?.Segments.Sum(segment => segment.Replica is null ? 0 : 1 + segment.Retries) ?? 0);
        var sent = _replicas.Sum(replica => replica.Received.Count);
        return sent > told ? $"{sent} requests were sent to replicas and {told} are in the ledger" : null;
    }

    /// <summary>The pool, seen by the run.</summary>
    private sealed class Seen(ChaosRun run) : ITarget, IReplicatedTarget
    {
        public TargetDescriptor Descriptor => run._pool.Descriptor;

        public TargetState State => run._pool.State;

        public bool CanTakeOver(IReadOnlyCollection<string> lost, bool isLastResort) => run._pool.CanTakeOver(lost, isLastResort);

        public IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, CancellationToken cancellationToken = default)
        {
            run._calls.Add(run._time.Elapsed);
            run.Sent(request);
            return run._pool.GenerateAsync(run._bug == PoolBug.HidesAttempts ? request with { Replicas = new([]) } : request, cancellationToken);
        }

        public ValueTask WarmAsync(CancellationToken cancellationToken = default) => run._pool.WarmAsync(cancellationToken);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
