using System.Globalization;
using Hybrid.Targets;

namespace Hybrid.Policy;

/// <summary>The rules that remove a target, each with the numbers behind it.</summary>
internal static class Walls
{
    public static IReadOnlyList<WallReason> Of(in RequestProfile profile, in TargetSnapshot target, RoutingPolicy policy, in Prediction prediction)
    {
        List<WallReason>? reasons = null;
        var (descriptor, state, _) = target;

        if (profile.Target is { } pinned && pinned != descriptor.Name)
            Add(Wall.Pin, $"the request is pinned to target '{pinned}'");
        if (profile.Model is { } model && model != descriptor.Model)
            Add(Wall.Pin, $"the request asks for model '{model}', this one is '{descriptor.Model}'");
        if (!descriptor.Zone.Admits(profile.Privacy))
            Add(Wall.Privacy, $"{Name(profile.Privacy)} requests may not be seen in zone {descriptor.Zone}");
        if (policy.Offline && descriptor.Zone != Zone.Device)
            Add(Wall.Offline, $"policy '{policy.Name}' is offline and zone {descriptor.Zone} is not this device");
        if (policy.AllowedZones.Count > 0 && !policy.AllowedZones.Contains(descriptor.Zone))
            Add(Wall.NotAllowed, $"policy '{policy.Name}' allows no target in zone {descriptor.Zone}");
        if (policy.AllowedTargets.Count > 0 && !policy.AllowedTargets.Contains(descriptor.Name))
            Add(Wall.NotAllowed, $"policy '{policy.Name}' does not list this target");
        if ((profile.Needs & ~descriptor.Capabilities) is var missing and not TargetCapabilities.None)
            Add(Wall.Capability, $"it lacks {missing}");
        if ((long)profile.InputTokens + profile.ExpectedOutputTokens > descriptor.ContextLength)
            Add(Wall.Context, $"{profile.InputTokens} tokens in and {profile.ExpectedOutputTokens} expected do not fit its context of {descriptor.ContextLength}");
        if (state.Readiness == TargetReadiness.Unavailable)
            Add(Wall.Unavailable, state.Reason.Length > 0 ? $"unavailable: {state.Reason}" : "unavailable");
        if (!prediction.IsFinite)
            Add(Wall.Figures, "its prices and rates give no finite prediction");
        if (prediction.Dollars > policy.MaxDollarsPerRequest)
            Add(Wall.Price, $"predicted ${Digits(prediction.Dollars)} is above the cap of ${Digits(policy.MaxDollarsPerRequest.Value)}");
        if (prediction.Grams > policy.MaxGramsPerRequest)
            Add(Wall.Carbon, $"predicted {Digits(prediction.Grams)} g CO2e is above the cap of {Digits(policy.MaxGramsPerRequest.Value)} g");
        if (prediction.FirstTokenSeconds > policy.MaxTimeToFirstToken?.TotalSeconds)
            Add(Wall.FirstToken, $"predicted first token after {Digits(prediction.FirstTokenSeconds)} s is later than {Digits(policy.MaxTimeToFirstToken.Value.TotalSeconds)} s");
        if (prediction.TotalSeconds > profile.TimeLeft?.TotalSeconds)
            Add(Wall.Deadline, $"predicted {Digits(prediction.TotalSeconds)} s is longer than the {Digits(profile.TimeLeft.Value.TotalSeconds)} s left");

        return reasons is null ? [] : reasons;

        void Add(Wall wall, string reason) => (reasons ??= []).Add(new(wall, reason));
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
}
