namespace Hybrid.Configuration;

/// <summary>The fleet that this device belongs to: section <c>Hybrid:Fleet</c>, read once at start.</summary>
public sealed record FleetOptions
{
    /// <summary>The broker: <c>mqtt://</c>, <c>mqtts://</c>, <c>ws://</c> or <c>wss://</c>, a host and perhaps a port and a path.</summary>
    public required Uri Broker { get; init; }

    /// <summary>The fleet's name: 1 to 64 letters, digits, hyphens, underscores and dots.</summary>
    public required string Fleet { get; init; }

    /// <summary>This device's name in the fleet, of the same characters.</summary>
    /// <value>From configuration, the machine's name.</value>
    public required string Device { get; init; }

    /// <summary>Who the device is to the broker.</summary>
    /// <value>Null: nobody.</value>
    public string? User { get; init; }

    /// <summary>What proves it; never logged.</summary>
    public string? Password { get; init; }

    /// <summary>How the broker's certificate is checked, and which one is shown to it.</summary>
    public FleetTlsOptions Tls { get; init; } = new();

    /// <summary>Public keys of those who may say what the device does, by name: the path of a PEM file, its text, or the Base64 of the SubjectPublicKeyInfo.</summary>
    /// <value>Empty: nobody may, and the device only reports.</value>
    public IReadOnlyDictionary<string, string> TrustedKeys { get; init; } = new Dictionary<string, string>();

    /// <summary>The folder with what the device must remember: the last good state, what it has done, and the session.</summary>
    public required string StatePath { get; init; }

    /// <summary>How often the device reports although nothing changed, 10 s or more.</summary>
    /// <value>5 minutes</value>
    public TimeSpan ReportEvery { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a new state may take until the device is well under it, above 0; then the one before comes back.</summary>
    /// <value>30 s</value>
    public TimeSpan HealthTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Where what is to be sent waits for the broker.</summary>
    public FleetOutboxOptions Outbox { get; init; } = new();

    /// <summary>Device, fleet and broker; not the password.</summary>
    public override string ToString() => $"{Device} of {Fleet} at {Broker.Host}";
}

/// <summary>How a device knows its broker, and the broker the device: section <c>Hybrid:Fleet:Tls</c>.</summary>
public sealed record FleetTlsOptions
{
    /// <summary>A PEM file with the only authorities that are trusted.</summary>
    /// <value>Null: those of the machine.</value>
    public string? CaPath { get; init; }

    /// <summary>The device's own certificate, a PEM file.</summary>
    public string? CertificatePath { get; init; }

    /// <summary>The PEM file of its private key.</summary>
    /// <value>Null: it is in the file of the certificate.</value>
    public string? KeyPath { get; init; }

    /// <summary>SHA-256 digests in hexadecimal, one of which the broker's key must have, besides all else.</summary>
    /// <value>Empty: any key.</value>
    public IReadOnlyList<string> Pins { get; init; } = [];
}

/// <summary>How much may wait for a broker: section <c>Hybrid:Fleet:Outbox</c>.</summary>
public sealed record FleetOutboxOptions
{
    /// <summary>The folder.</summary>
    /// <value>Null: <c>outbox</c> in <see cref="FleetOptions.StatePath"/>.</value>
    public string? Path { get; init; }

    /// <summary>The most bytes that wait, 64 KiB or more; the disk holds at most about twice as many.</summary>
    /// <value>64 MiB</value>
    public long MaxBytes { get; init; } = 64 << 20;

    /// <summary>The longest that a record waits, above 0.</summary>
    /// <value>7 days</value>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Whether records are held until their receiver confirms them, not until the broker has them; needs a receiver that does.</summary>
    /// <value>False</value>
    public bool Confirmed { get; init; }
}
