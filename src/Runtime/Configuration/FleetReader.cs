using Hybrid.Models.Signing;

namespace Hybrid.Configuration;

/// <summary>Reads section <c>Hybrid:Fleet</c>.</summary>
internal static class FleetReader
{
    private const int LongestName = 64;
    private const int LeastOutbox = 64 << 10;
    private static readonly TimeSpan LeastReport = TimeSpan.FromSeconds(10);
    private static readonly string[] Schemes = ["mqtt", "mqtts", "ws", "wss"];

    public static FleetOptions Read(SectionReader section)
    {
        var broker = section.Address(nameof(FleetOptions.Broker));
        if (broker is not null && (!Schemes.Contains(broker.Scheme) || broker.Host.Length == 0 || broker.UserInfo.Length > 0))
            section.Error(nameof(FleetOptions.Broker), "it must be mqtt://, mqtts://, ws:// or wss:// with a host, and without a user");
        else if (broker is null && !section.Has(nameof(FleetOptions.Broker)))
            section.Error(nameof(FleetOptions.Broker), "it is missing; give the broker's address, such as mqtts://broker.site:8883");
        var machine = new string([.. Environment.MachineName.Where(IsOfName)]);
        var read = new FleetOptions
        {
            Broker = broker ?? new Uri("mqtt://none"),
            Fleet = Name(section, nameof(FleetOptions.Fleet), null),
            Device = Name(section, nameof(FleetOptions.Device), machine.Length > 0 ? machine : null),
            User = section.Text(nameof(FleetOptions.User)),
            Password = section.Text(nameof(FleetOptions.Password)),
            Tls = section.Section(nameof(FleetOptions.Tls)) is { } tls ? ReadTls(tls) : new(),
            TrustedKeys = section.Free(nameof(FleetOptions.TrustedKeys)),
            StatePath = Full(section.Text(nameof(FleetOptions.StatePath)) ?? "fleet"),
            ReportEvery = section.Time(nameof(FleetOptions.ReportEvery)) ?? TimeSpan.FromMinutes(5),
            HealthTimeout = section.Time(nameof(FleetOptions.HealthTimeout)) ?? TimeSpan.FromSeconds(30),
            Outbox = section.Section(nameof(FleetOptions.Outbox)) is { } outbox ? ReadOutbox(outbox) : new(),
        };
        if (read.ReportEvery < LeastReport) section.Error(nameof(FleetOptions.ReportEvery), $"{read.ReportEvery} is out of range; use 10 s or more");
        if (read.HealthTimeout <= TimeSpan.Zero) section.Error(nameof(FleetOptions.HealthTimeout), $"{read.HealthTimeout} is out of range; use a time above 0");
        if (read.Device == "replies") section.Error(nameof(FleetOptions.Device), "'replies' is the part of the bus where answers go, and no device's name; choose another one");
        CheckKeys(section, read);
        section.RefuseUnknown();
        return read;
    }

    /// <summary>Whether it can be the name of a fleet or a device, and so a part of a topic.</summary>
    public static bool IsName(string? name) => name is { Length: > 0 and <= LongestName } && name.All(IsOfName);

    /// <summary>A public key as configuration gives it: a file, or the key itself.</summary>
    /// <exception cref="HybridException">It cannot be used.</exception>
    public static TrustedKey Key(string name, string given) => TrustedKey.Parse(name, ModelsOptions.KeyText(name, given));

    private static bool IsOfName(char letter) => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.';

    private static void CheckKeys(SectionReader section, FleetOptions read)
    {
        // A file is looked at when the device starts; what stands here itself can be told now.
        foreach (var (name, given) in read.TrustedKeys.Where(pair => pair.Value.Contains("-----BEGIN", StringComparison.Ordinal)))
        {
            try
            {
                _ = Key(name, given);
            }
            catch (HybridException error)
            {
                section.Error($"{nameof(FleetOptions.TrustedKeys)}:{name}", error.Message);
            }
        }
    }

    private static FleetTlsOptions ReadTls(SectionReader section)
    {
        var read = new FleetTlsOptions
        {
            CaPath = section.Text(nameof(FleetTlsOptions.CaPath)) is { } authority ? Full(authority) : null,
            CertificatePath = section.Text(nameof(FleetTlsOptions.CertificatePath)) is { } certificate ? Full(certificate) : null,
            KeyPath = section.Text(nameof(FleetTlsOptions.KeyPath)) is { } key ? Full(key) : null,
            Pins = section.List(nameof(FleetTlsOptions.Pins), Pin) ?? [],
        };
        if (read is { KeyPath: not null, CertificatePath: null }) section.Error(nameof(FleetTlsOptions.KeyPath), "it needs a CertificatePath");
        section.RefuseUnknown();
        return read;
    }

    private static string? Pin(SectionReader pins, string key)
    {
        if (pins.Text(key) is not { } pin) return null;
        if (pin.Length != 64 || !pin.All(char.IsAsciiHexDigit)) pins.Error(key, $"'{pin}' is not a SHA-256 digest of 64 hexadecimal digits");
        return pin;
    }

    private static FleetOutboxOptions ReadOutbox(SectionReader section)
    {
        var start = new FleetOutboxOptions();
        var read = start with
        {
            Path = section.Text(nameof(FleetOutboxOptions.Path)) is { } path ? Full(path) : null,
            MaxBytes = section.Bytes(nameof(FleetOutboxOptions.MaxBytes)) ?? start.MaxBytes,
            MaxAge = section.Time(nameof(FleetOutboxOptions.MaxAge)) ?? start.MaxAge,
            Confirmed = section.Flag(nameof(FleetOutboxOptions.Confirmed)) ?? start.Confirmed,
        };
        if (read.MaxBytes < LeastOutbox) section.Error(nameof(FleetOutboxOptions.MaxBytes), $"{read.MaxBytes} is out of range; use 64 KiB or more");
        if (read.MaxAge <= TimeSpan.Zero) section.Error(nameof(FleetOutboxOptions.MaxAge), $"{read.MaxAge} is out of range; use a time above 0");
        section.RefuseUnknown();
        return read;
    }

    private static string Name(SectionReader section, string key, string? otherwise)
    {
        var name = section.Text(key) ?? otherwise;
        if (name is null) section.Error(key, "it is missing; give a name of 1 to 64 letters, digits, hyphens, underscores and dots");
        else if (!IsName(name)) section.Error(key, $"'{name}' is not a name of 1 to 64 letters, digits, hyphens, underscores and dots");
        return name ?? "";
    }

    private static string Full(string path) => Path.GetFullPath(path, AppContext.BaseDirectory);
}
