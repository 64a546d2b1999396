using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Streaming;
using Hybrid.Targets;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.Tests.Streaming;

/// <summary>Runs one request over targets in the order given and keeps all that came out.</summary>
internal sealed class Conducting(ManualTimeProvider time, params ITarget[] targets)
{
    public static readonly TimeSpan Hang = TimeSpan.FromSeconds(60);

    public List<StreamPiece> Pieces { get; } = [];

    public List<RequestReceipt> Receipts { get; } = [];

    public string Text => string.Concat(Pieces.Select(piece => piece.Text));

    public RequestReceipt Receipt => Assert.Single(Receipts);

    public MeasuredEnergy? Energy { get; init; }

    public RoutingPolicy Policy { get; init; } = new() { Name = "order" };

    public static DecodeRequest Request { get; } = new() { Id = "r1", Prompt = new MessagesPrompt([new("user", "?")]) };

    public async Task<Conducting> RunAsync(DecodeRequest? request = null, Action<StreamPiece>? onPiece = null, CancellationToken cancellationToken = default)
    {
        var asked = request ?? Request;
        var profile = new RequestProfile { PromptTokens = 10, ExpectedOutputTokens = 10, Privacy = asked.Privacy };
        TargetSnapshot[] snapshots = [.. targets.Select(target => new TargetSnapshot(target.Descriptor, target.State))];
        var decision = PolicyEngine.Decide(profile, snapshots, Policy);
        var conductor = new Conductor(new(time, NullLogger.Instance, name => targets.First(target => target.Descriptor.Name == name), Energy: Energy));
        await foreach (var piece in conductor.RunAsync(asked, decision, Policy, Receipts.Add, cancellationToken: cancellationToken))
        {
            Pieces.Add(piece);
            onPiece?.Invoke(piece);
        }

        return this;
    }
}
