using System.Runtime.CompilerServices;
using System.Text;
using Hybrid.Targets;

namespace Hybrid.EndToEnd.Streaming;

/// <summary>A target in a thin skin that keeps what it was asked and said, and lets somebody act at a chosen token.</summary>
internal sealed class WatchedTarget(ITarget target) : ITarget, INetworkTarget
{
    private volatile bool _woken;

    /// <summary>Every request in order.</summary>
    public List<Heard> Answers { get; } = [];

    /// <summary>Called with each update before it is passed on, and with the answer up to it; what it throws, the target fails with.</summary>
    public Func<Heard, CancellationToken, ValueTask>? OnUpdate { get; init; }

    /// <summary>Changes what is asked.</summary>
    public Func<DecodeRequest, DecodeRequest>? OnRequest { get; init; }

    /// <summary>Plays a pool scaled to zero whose load ends no sooner than this.</summary>
    public Task? ColdUntil { get; init; }

    public TargetDescriptor Descriptor => target.Descriptor;

    public TargetState State => ColdUntil is null || _woken ? target.State : new(TargetReadiness.Cold, "scaled to zero");

    public bool NeedsNetwork => target is INetworkTarget { NeedsNetwork: true };

    public ValueTask<bool?> ProbeAsync(CancellationToken cancellationToken = default) =>
        target is INetworkTarget network ? network.ProbeAsync(cancellationToken) : new((bool?)null);

    public async IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var heard = new Heard(OnRequest?.Invoke(request) ?? request);
        lock (Answers)
            Answers.Add(heard);
        await foreach (var update in target.GenerateAsync(heard.Request, cancellationToken))
        {
            heard.Add(update);
            if (OnUpdate is not null)
                await OnUpdate(heard, cancellationToken);
            yield return update;
        }
    }

    public async ValueTask WarmAsync(CancellationToken cancellationToken = default)
    {
        if (ColdUntil is not null)
            await ColdUntil.WaitAsync(cancellationToken);
        await target.WarmAsync(cancellationToken);
        _woken = true;
    }

    /// <summary>The target stays its owner's.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>A request and what came of it.</summary>
    internal sealed class Heard(DecodeRequest request)
    {
        private readonly StringBuilder _text = new();

        public DecodeRequest Request => request;

        public int Tokens { get; private set; }

        /// <summary>The ids of its own tokens.</summary>
        public List<int> Ids { get; } = [];

        /// <summary>All of the answer up to here, what others said before too.</summary>
        public string Whole => request.Continuation + _text;

        public void Add(in DecodeUpdate update)
        {
            _text.Append(update.Text);
            Tokens += update.TokenCount;
            Ids.AddRange(update.Tokens);
        }
    }
}
