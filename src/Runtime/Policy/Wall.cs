namespace Hybrid.Policy;

/// <summary>What removes a target before any weight counts.</summary>
public enum Wall
{
    /// <summary>The request names another target or model.</summary>
    Pin,

    /// <summary>The zone may not see the request's privacy class.</summary>
    Privacy,

    /// <summary>The policy is offline and the target is not on this device.</summary>
    Offline,

    /// <summary>The policy does not allow the target or its zone.</summary>
    NotAllowed,

    /// <summary>The target cannot do what the request needs.</summary>
    Capability,

    /// <summary>Prompt and expected answer do not fit the context.</summary>
    Context,

    /// <summary>The target failed or is out of reach.</summary>
    Unavailable,

    /// <summary>The predicted price is above the policy's cap.</summary>
    Price,

    /// <summary>The predicted emission is above the policy's cap.</summary>
    Carbon,

    /// <summary>The predicted wait for the first token is above the policy's limit or the request's.</summary>
    FirstToken,

    /// <summary>The predicted time for each further token is above the policy's limit or the request's.</summary>
    PerToken,

    /// <summary>The predicted total is above the time left.</summary>
    Deadline,

    /// <summary>The predicted price or emission is above what is left of a budget.</summary>
    Budget,

    /// <summary>Less is left of the device's battery than the policy keeps.</summary>
    Battery,

    /// <summary>The device is hotter than the policy allows.</summary>
    Temperature,

    /// <summary>It is reached over a line that is paid by the byte, which the policy avoids.</summary>
    Metered,

    /// <summary>The figures of the target, the request or the policy give no finite prediction of 0 or more.</summary>
    Figures,
}

/// <summary>Why a target was removed.</summary>
/// <param name="Wall">Which wall.</param>
/// <param name="Reason">The numbers behind it, for people.</param>
public readonly record struct WallReason(Wall Wall, string Reason);
