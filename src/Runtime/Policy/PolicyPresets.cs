using System.Diagnostics.CodeAnalysis;
using Hybrid.Targets;

namespace Hybrid.Policy;

/// <summary>Policies that need no configuration; a configured policy may take any as its base.</summary>
public static class PolicyPresets
{
    /// <summary>Waiting $3.60 an hour, carbon at its social cost, a quality point a hundredth of a cent.</summary>
    public static RoutingPolicy Balanced { get; } = new()
    {
        Name = "balanced",
        Purpose = "time, money, carbon and quality at ordinary prices",
        DollarsPerSecond = 0.001,
        DollarsPerTonCarbon = 190, // US EPA 2023, social cost of a ton emitted in 2020 at 2 % discount
        DollarsPerQualityPoint = 0.0001,
    };

    /// <summary>Waiting $36 an hour: the soonest complete answer, nearly whatever it costs.</summary>
    public static RoutingPolicy Fast { get; } = Balanced with
    {
        Name = "fast",
        Purpose = "somebody is waiting: a second costs a cent",
        DollarsPerSecond = 0.01,
        DollarsPerQualityPoint = 0.00002,
    };

    /// <summary>Seconds and quality points nearly free, so that the bill decides.</summary>
    public static RoutingPolicy Frugal { get; } = Balanced with
    {
        Name = "frugal",
        Purpose = "the bill decides; waiting and quality only break near ties",
        DollarsPerSecond = 0.00002,
        DollarsPerQualityPoint = 0.000002,
    };

    /// <summary>Ten cents a gram CO2e, so that milligrams outweigh seconds.</summary>
    public static RoutingPolicy Green { get; } = Balanced with
    {
        Name = "green",
        Purpose = "emissions decide: a request emits milligrams, so a gram is priced at ten cents",
        DollarsPerSecond = 0.0001,
        DollarsPerTonCarbon = 100_000,
        DollarsPerQualityPoint = 0.00001,
    };

    /// <summary>Balanced, on the device and its site only.</summary>
    public static RoutingPolicy Private { get; } = Balanced with
    {
        Name = "private",
        Purpose = "nothing leaves the site, whatever the request's class allows",
        AllowedZones = [Zone.Device, Zone.Site],
    };

    /// <summary>Balanced, on the device only.</summary>
    public static RoutingPolicy Offline { get; } = Balanced with
    {
        Name = "offline",
        Purpose = "this device alone, as if there were no network",
        Offline = true,
    };

    /// <summary>Every preset, in the order of this page.</summary>
    public static IReadOnlyList<RoutingPolicy> All { get; } = [Balanced, Fast, Frugal, Green, Private, Offline];

    /// <summary>Finds a preset by its name, upper and lower case alike.</summary>
    public static bool TryGet(string name, [NotNullWhen(true)] out RoutingPolicy? policy)
    {
        policy = All.FirstOrDefault(preset => string.Equals(preset.Name, name, StringComparison.OrdinalIgnoreCase));
        return policy is not null;
    }
}
