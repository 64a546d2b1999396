namespace Hybrid.Targets;

/// <summary>Where data goes when a target is used: <c>device</c>, <c>site</c>, <c>region:NAME</c> or <c>public</c>.</summary>
public readonly record struct Zone
{
    private readonly string? _name;

    private Zone(string name) => _name = name;

    /// <summary>This device. Data does not leave it.</summary>
    public static Zone Device { get; } = new("device");

    /// <summary>The local network of the site.</summary>
    public static Zone Site { get; } = new("site");

    /// <summary>Anyone's cloud; also the default value, so that an unset zone admits least.</summary>
    public static Zone Public => default;

    /// <summary>A named region under a contract of the organisation.</summary>
    public static Zone Region(string name) => new("region:" + name);

    /// <summary>Reads a zone's name.</summary>
    public static bool TryParse(string? text, out Zone zone)
    {
        var known = text is "device" or "site" or "public"
            || (text is not null && text.StartsWith("region:", StringComparison.Ordinal) && text.Length > "region:".Length);
        zone = known && text is not "public" ? new Zone(text!) : Public;
        return known;
    }

    /// <summary>Whether a request of this class may be seen here.</summary>
    /// <remarks>device: all · site: up to confidential · region: up to internal · public: public only.</remarks>
    public bool Admits(PrivacyClass privacy) => (uint)privacy <= (uint)Highest; // a class that is none of ours is above all

    // Nothing but the four kinds can be made, and each has a first letter of its own; a decision asks for every target.
    private PrivacyClass Highest => _name is null ? PrivacyClass.Public : _name[0] switch
    {
        'd' => PrivacyClass.Secret,
        's' => PrivacyClass.Confidential,
        _ => PrivacyClass.Internal,
    };

    /// <inheritdoc />
    public override string ToString() => _name ?? "public";
}
