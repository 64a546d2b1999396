using Hybrid.Targets;

namespace Hybrid.Policy.Replay;

/// <summary>Where data may not go, said once more without the walls' code, so that a fault there would show.</summary>
internal static class ReplayLeaks
{
    public static bool IsForbidden(PrivacyClass privacy, string zone) => privacy switch
    {
        PrivacyClass.Public => false,
        PrivacyClass.Internal => zone == "public",
        PrivacyClass.Confidential => zone is not ("device" or "site"),
        _ => zone != "device",
    };

    public static bool IsOutside(RoutingPolicy policy, TargetDescriptor target) =>
        (policy.Offline && target.Zone.ToString() != "device")
        || (policy.AllowedZones.Count > 0 && policy.AllowedZones.All(zone => zone.ToString() != target.Zone.ToString()))
        || (policy.AllowedTargets.Count > 0 && !policy.AllowedTargets.Contains(target.Name));
}
