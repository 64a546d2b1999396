using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Streaming;
using Hybrid.Targets;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.Tests.Streaming.Simulated;

/// <summary>One request in virtual time over targets that a test sets up, with the time at which every piece left.</summary>
internal sealed class TimedStream
{
    public const int AnswerTokens = 400;
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(30);
    private readonly List<SimulatedTarget> _targets = [];
    private ConductorServices? _services;

    public VirtualTime Time { get; } = new();

    public List<(StreamPiece Piece, double At)> Left { get; } = [];

    public RequestReceipt Receipt { get; private set; } = null!;

    public HybridException? Error { get; private set; }

    public RoutingPolicy Policy { get; set; } = new() { Name = "order", ExpectedOutputTokens = AnswerTokens };

    public DecodeRequest Request { get; set; } = new() { Id = "r", Prompt = new MessagesPrompt([new("user", "?")]), Privacy = PrivacyClass.Public };

    /// <summary>What is left of the battery of targets in zone <c>device</c>.</summary>
    public double? BatteryLeft { get; set; }

    public Action<StreamPiece>? OnPiece { get; set; }

    public string Text => string.Concat(Left.Select(left => left.Piece.Text));

    /// <summary>The longest time between two pieces of text.</summary>
    public double LongestGap
    {
        get
        {
            double[] at = [.. Left.Where(left => left.Piece.Text.Length > 0).Select(left => left.At)];
            return at.Skip(1).Zip(at, (later, earlier) => later - earlier).DefaultIfEmpty().Max();
        }
    }

    /// <summary>Adds a target whose times are exact.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="firstToken">Seconds to its first token once it is warm; what it states is <paramref name="stated"/>.</param>
    /// <param name="perToken">Seconds per token.</param>
    /// <param name="cold">Seconds of cold start; 0 is warm.</param>
    /// <param name="quality">Its quality.</param>
    /// <param name="stated">What its descriptor states as round trip; null is the truth.</param>
    /// <param name="zone">Null is this device.</param>
    /// <param name="trouble">What is wrong with it.</param>
    /// <param name="after">After how many tokens.</param>
    /// <param name="dollarsPerToken">What a token of the answer costs.</param>
    /// <param name="sure">The probability of each of its tokens, where they are asked for.</param>
    /// <param name="read">Seconds to read a token of what was said.</param>
    /// <param name="statedRead">What its descriptor states of that; null is the truth.</param>
    /// <param name="idle">After how many seconds without a request it is cold again; 0: never.</param>
    public SimulatedTarget Add(
        string name,
        double firstToken,
        double perToken,
        double cold = 0,
        double quality = 0.5,
        double? stated = null,
        Zone? zone = null,
        Trouble trouble = Trouble.None,
        int after = 0,
        double dollarsPerToken = 0,
        double? sure = null,
        double read = 0,
        double? statedRead = null,
        double idle = 0)
    {
        var place = zone ?? Zone.Device;
        var target = new SimulatedTarget(Time, new Even(), new()
        {
            Name = name,
            Model = "m",
            Zone = place,
            Quality = quality,
            Capabilities = TargetCapabilities.Chat | TargetCapabilities.Continuation | (sure is null ? TargetCapabilities.None : TargetCapabilities.LogProbabilities),
            DollarsPerMillionOutputTokens = dollarsPerToken * 1e6,
            RoundTrip = TimeSpan.FromSeconds(stated ?? firstToken),
            PrefillTokensPerSecond = 1 / Math.Max(statedRead ?? read, 1e-6),
            DecodeTokensPerSecond = 1 / perToken,
            ColdStart = TimeSpan.FromSeconds(cold),
        }, 0)
        {
            Place = place,
            AnswerTokens = AnswerTokens,
            FirstTokenSeconds = firstToken,
            SecondsPerToken = perToken,
            ColdSeconds = cold,
            SecondsPerReadToken = read,
            IdleSeconds = idle,
            Trouble = trouble,
            TroubleAfter = after,
            Sure = sure,
        };
        if (cold > 0) target.MakeCold();
        _targets.Add(target);
        return target;
    }

    public TimedStream Run()
    {
        var decision = PolicyEngine.Decide(new() { PromptTokens = 10, ExpectedOutputTokens = Request.MaxTokens ?? Policy.ExpectedOutputTokens }, Look(), Policy);
        _services ??= new(Time, NullLogger.Instance, name => _targets.First(target => target.Descriptor.Name == name), Look);
        Left.Clear();
        var began = Time.Elapsed;
        // Away from the tests' own context, so that everything happens on the thread that lets time pass.
        Task.Run(() =>
        {
            var reading = ReadAsync(decision, began);
            Time.RunUntil(began + Longest, () => reading.IsCompleted);
            if (!reading.IsCompleted) throw new InvalidOperationException($"It did not end; {Left.Count} pieces left, the last at {Left.LastOrDefault().At}, {Receipt?.Finish}, {Time.Elapsed}.");
            reading.GetAwaiter().GetResult();
        }).GetAwaiter().GetResult();
        return this;
    }

    private TargetSnapshot[] Look() => [.. _targets.Select(target => new TargetSnapshot(target.Descriptor, target.State) { BatteryLeft = target.Descriptor.Zone == Zone.Device ? BatteryLeft : null })];

    private async Task ReadAsync(Decision decision, TimeSpan began)
    {
        try
        {
            await foreach (var piece in new Conductor(_services!).RunAsync(Request, decision, Policy, receipt => Receipt = receipt).ConfigureAwait(false))
            {
                Left.Add((piece, (Time.Elapsed - began).TotalSeconds));
                OnPiece?.Invoke(piece);
            }
        }
        catch (HybridException error)
        {
            Error = error;
        }
    }

    private sealed class Even : Random
    {
        public override double NextDouble() => 0.5;
    }
}
