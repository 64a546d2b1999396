using System.Text.Json;
using System.Text.Json.Serialization;
using Hybrid.CloudWorker.Hosting;
using Hybrid.Targets;

namespace Hybrid.Cli.Serve;

/// <summary>What <c>/health</c> says.</summary>
/// <param name="Status"><c>ok</c>, <c>draining</c>, or <c>unavailable</c> where no target can answer.</param>
/// <param name="Offline">Whether there is no network, so that only targets which need none answer.</param>
/// <param name="Running">Answers that are being given.</param>
/// <param name="Waiting">Requests that wait for their time, or for somebody who may take them.</param>
/// <param name="Targets">Who could answer.</param>
internal sealed record HealthPage(string Status, bool Offline, int Running, int Waiting, IReadOnlyList<TargetHealth> Targets)
{
    public const string Ok = "ok";

    public static HealthPage Of(HybridChatClient client, IReadOnlyList<ITarget> targets, Answers answers, int waiting)
    {
        var offline = client.IsOffline;
        TargetHealth[] states = [.. targets.Select(target => TargetHealth.Of(target, offline))];
        var status = answers.IsStopping ? "draining" : states.Any(state => state.Readiness != "unavailable") ? Ok : "unavailable";
        return new(status, offline, answers.Running, waiting, states);
    }
}

/// <summary>How a target is.</summary>
internal sealed record TargetHealth(string Name, string Model, string Zone, string Readiness, string Reason)
{
    public static TargetHealth Of(ITarget target, bool offline)
    {
        var (descriptor, state) = (target.Descriptor, target.State);
        return offline && Network.NetworkState.Needs(target)
            ? new(descriptor.Name, descriptor.Model, descriptor.Zone.ToString(), "unavailable", Network.NetworkState.Down)
            : new(descriptor.Name, descriptor.Model, descriptor.Zone.ToString(), state.Readiness.ToString().ToLowerInvariant(), state.Reason);
    }
}

/// <summary>The page's JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(HealthPage))]
internal sealed partial class HealthJson : JsonSerializerContext
{
    public static HealthJson Wire { get; } = new(new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower });
}
