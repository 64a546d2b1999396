namespace Hybrid.Edge.Fleet;

/// <summary>Why something that came over the bus was not taken.</summary>
/// <param name="Code">For programs; one of <see cref="FleetRefusals"/>.</param>
/// <param name="Reason">For people.</param>
public sealed record FleetRefusal(string Code, string Reason);

/// <summary>The codes of refusals.</summary>
public static class FleetRefusals
{
    /// <summary>It has more bytes than are allowed.</summary>
    public const string TooLarge = "too-large";

    /// <summary>It is not the JSON that it should be.</summary>
    public const string Malformed = "malformed";

    /// <summary>No pinned key has the name that it gives.</summary>
    public const string UnknownKey = "unknown-key";

    /// <summary>The signature is not one of the key on this content.</summary>
    public const string BadSignature = "bad-signature";

    /// <summary>It is of a version of the protocol that this device does not speak.</summary>
    public const string UnknownSchema = "unknown-schema";

    /// <summary>It is meant for somebody else.</summary>
    public const string NotForThisDevice = "not-for-this-device";

    /// <summary>A newer one was seen, or another one with the same version.</summary>
    public const string Replayed = "replayed";

    /// <summary>It says what cannot be.</summary>
    public const string Invalid = "invalid";

    /// <summary>The device was not well under it, and went back.</summary>
    public const string RolledBack = "rolled-back";

    /// <summary>It could not be kept on the disk.</summary>
    public const string Storage = "storage";

    /// <summary>Its time is over.</summary>
    public const string Expired = "expired";
}
