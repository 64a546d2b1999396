using System.Globalization;
using Hybrid.Accounting;
using Hybrid.Targets;

namespace Hybrid.Policy;

/// <summary>The rules that remove a target, and the numbers behind each for people.</summary>
internal static class Walls
{
    private static readonly Wall[] All = Enum.GetValues<Wall>();

    public static WallSet Check(in RequestProfile profile, in TargetSnapshot target, RoutingPolicy policy, in Prediction prediction, in RequestTerms terms)
    {
        var (descriptor, state, rates) = target;
        return default(WallSet)
            .With(Wall.Pin, IsPinnedAway(profile, descriptor) || IsOtherModel(profile, descriptor))
            .With(Wall.Privacy, !descriptor.Zone.Admits(profile.Privacy))
            .With(Wall.Offline, policy.Offline && descriptor.Zone != Zone.Device)
            .With(Wall.NotAllowed, terms.HasLists && (IsForeignZone(policy, descriptor) || IsUnlisted(policy, descriptor)))
            .With(Wall.Capability, (profile.Needs & ~descriptor.Capabilities) != TargetCapabilities.None)
            .With(Wall.Context, (long)profile.PromptTokens + profile.ContinuationTokens + RoomFor(profile) > descriptor.ContextLength)
            .With(Wall.Unavailable, state.Readiness == TargetReadiness.Unavailable)
            .With(Wall.Price, IsAbove(prediction.Dollars, policy.MaxDollarsPerRequest))
            .With(Wall.Carbon, IsAbove(prediction.Grams, policy.MaxGramsPerRequest))
            .With(Wall.FirstToken, prediction.FirstTokenSeconds > terms.MostFirstTokenSeconds)
            .With(Wall.PerToken, double.IsFinite(terms.MostPerTokenSeconds) && Prediction.PerTokenSeconds(rates, terms.Quantile) > terms.MostPerTokenSeconds)
            .With(Wall.Deadline, prediction.TotalSeconds > profile.TimeLeft?.TotalSeconds)
            .With(Wall.Budget, IsAbove(prediction.Dollars, profile.DollarsLeft) || IsAbove(prediction.Grams, profile.GramsLeft))
            .With(Wall.Battery, target.BatteryLeft < policy.MinBattery)
            .With(Wall.Temperature, target.Celsius > policy.MaxCelsius)
            .With(Wall.Metered, policy.AvoidMetered && target.IsMetered);
    }

    public static IReadOnlyList<WallReason> Reasons(WallSet hit, in RequestProfile profile, in TargetSnapshot target, RoutingPolicy policy, in Prediction prediction)
    {
        if (hit.IsEmpty)
            return [];
        var reasons = new List<WallReason>();
        foreach (var wall in All)
        {
            if (!hit.Has(wall))
                continue;
            foreach (var words in Words(wall, profile, target, policy, prediction))
                reasons.Add(new(wall, words));
        }

        return reasons;
    }

    public static string Digits(double value) => value.ToString("G3", CultureInfo.InvariantCulture) is var text && text.Contains('E')
        ? value.ToString("0.########", CultureInfo.InvariantCulture)
        : text;

    public static string Name(PrivacyClass privacy) => privacy switch
    {
        PrivacyClass.Public => "public",
        PrivacyClass.Internal => "internal",
        PrivacyClass.Confidential => "confidential",
        _ => "secret",
    };

    private static string[] Words(Wall wall, in RequestProfile profile, in TargetSnapshot target, RoutingPolicy policy, in Prediction prediction)
    {
        var (descriptor, state, rates) = target;
        return wall switch
        {
            Wall.Pin => Those(
                IsPinnedAway(profile, descriptor) ? $"the request is pinned to target '{profile.Target}'" : null,
                IsOtherModel(profile, descriptor) ? $"the request asks for model '{profile.Model}', this one is '{descriptor.Model}'" : null),
            Wall.Privacy => [$"{Name(profile.Privacy)} requests may not be seen in zone {descriptor.Zone}"],
            Wall.Offline => [$"policy '{policy.Name}' is offline and zone {descriptor.Zone} is not this device"],
            Wall.NotAllowed => Those(
                IsForeignZone(policy, descriptor) ? $"policy '{policy.Name}' allows no target in zone {descriptor.Zone}" : null,
                IsUnlisted(policy, descriptor) ? $"policy '{policy.Name}' does not list this target" : null),
            Wall.Capability => [$"it lacks {profile.Needs & ~descriptor.Capabilities}"],
            Wall.Context => [$"{profile.InputTokens} tokens in and {RoomFor(profile)} expected do not fit its context of {descriptor.ContextLength}"],
            Wall.Unavailable => [state.Reason.Length > 0 ? $"unavailable: {state.Reason}" : "unavailable"],
            Wall.Price => [$"predicted ${Digits(prediction.Dollars)} is above the cap of ${Digits(policy.MaxDollarsPerRequest!.Value)}"],
            Wall.Carbon => [$"predicted {Digits(prediction.Grams)} g CO2e is above the cap of {Digits(policy.MaxGramsPerRequest!.Value)} g"],
            Wall.FirstToken => [$"predicted first token after {Digits(prediction.FirstTokenSeconds)} s is later than {Smaller(policy.MaxTimeToFirstToken, profile.MaxTimeToFirstToken)}"],
            Wall.PerToken => [$"predicted {Digits(Prediction.PerTokenSeconds(rates, RatioBand.Find(policy.LatencyQuantile)))} s per token is longer than {Smaller(policy.MaxTimePerToken, profile.MaxTimePerToken)}"],
            Wall.Deadline => [$"predicted {Digits(prediction.TotalSeconds)} s is longer than the {Digits(profile.TimeLeft!.Value.TotalSeconds)} s left"],
            Wall.Budget => Those(
                IsAbove(prediction.Dollars, profile.DollarsLeft) ? $"predicted ${Digits(prediction.Dollars)} is above the ${Digits(profile.DollarsLeft!.Value)} left in the budget" : null,
                IsAbove(prediction.Grams, profile.GramsLeft) ? $"predicted {Digits(prediction.Grams)} g CO2e is above the {Digits(profile.GramsLeft!.Value)} g left in the budget" : null),
            Wall.Battery => [$"{Digits(target.BatteryLeft!.Value * 100)} % is left of the battery, and policy '{policy.Name}' keeps {Digits(policy.MinBattery!.Value * 100)} %"],
            Wall.Temperature => [$"the device has {Digits(target.Celsius!.Value)} °C, and policy '{policy.Name}' uses it up to {Digits(policy.MaxCelsius!.Value)} °C"],
            Wall.Metered => [$"the line to it is paid by the byte, which policy '{policy.Name}' avoids"],
            _ => ["its figures, or the policy's, give no finite prediction of 0 or more"],
        };
    }

    private static string[] Those(params ReadOnlySpan<string?> words)
    {
        var given = new List<string>();
        foreach (var one in words)
        {
            if (one is not null)
                given.Add(one);
        }

        return [.. given];
    }

    /// <summary>The limit that counts, and whose it is.</summary>
    private static string Smaller(TimeSpan? policys, TimeSpan? requests) => policys is { } own && !(requests < own)
        ? $"the policy's {Digits(own.TotalSeconds)} s"
        : $"the request's {Digits(requests!.Value.TotalSeconds)} s";

    /// <summary>A limit is a wish for so much room, however short such answers usually are.</summary>
    private static int RoomFor(in RequestProfile profile) => Math.Max(profile.ExpectedOutputTokens, profile.MaxOutputTokens ?? 0);

    /// <summary>A limit that is no number lets nothing pass.</summary>
    private static bool IsAbove(double value, double? limit) => limit is { } most && (value > most || double.IsNaN(most));

    private static bool IsPinnedAway(in RequestProfile profile, TargetDescriptor descriptor) => profile.Target is { } pinned && pinned != descriptor.Name;

    private static bool IsOtherModel(in RequestProfile profile, TargetDescriptor descriptor) => profile.Model is { } model && model != descriptor.Model;

    private static bool IsForeignZone(RoutingPolicy policy, TargetDescriptor descriptor)
    {
        var zones = policy.AllowedZones;
        for (var i = 0; i < zones.Count; i++)
        {
            if (zones[i] == descriptor.Zone)
                return false;
        }

        return zones.Count > 0;
    }

    private static bool IsUnlisted(RoutingPolicy policy, TargetDescriptor descriptor)
    {
        var names = policy.AllowedTargets;
        for (var i = 0; i < names.Count; i++)
        {
            if (names[i] == descriptor.Name)
                return false;
        }

        return names.Count > 0;
    }
}
