namespace Hybrid.Targets;

/// <summary>Who goes first where requests wait for the same engine.</summary>
public enum RequestPriority
{
    /// <summary>Nobody looks at it: after all others.</summary>
    Background,

    /// <summary>The default.</summary>
    Normal,

    /// <summary>A person waits: before all others.</summary>
    Interactive,
}
