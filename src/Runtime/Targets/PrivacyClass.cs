namespace Hybrid.Targets;

/// <summary>Who may see a request. A wall, never a weight.</summary>
public enum PrivacyClass
{
    /// <summary>Anyone: every zone.</summary>
    Public,

    /// <summary>The organisation: the device, its site and named regions.</summary>
    Internal,

    /// <summary>The place: the device and its site.</summary>
    Confidential,

    /// <summary>Nobody else: the device.</summary>
    Secret,
}
