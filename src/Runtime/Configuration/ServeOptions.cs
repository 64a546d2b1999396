using System.Net;

namespace Hybrid.Configuration;

/// <summary>The server for apps on this device: section <c>Hybrid:Serve</c>.</summary>
public sealed record ServeOptions
{
    /// <summary>The IP address to listen on.</summary>
    /// <value><c>127.0.0.1</c></value>
    public string Bind { get; init; } = "127.0.0.1";

    /// <summary>The port, 0 to 65535; 0 takes a free one.</summary>
    /// <value>11435</value>
    public int Port { get; init; } = 11435;

    /// <summary>Bearer keys, any of which admits; without one, an address beyond this machine is refused.</summary>
    public IReadOnlyList<string> ApiKeys { get; init; } = [];

    /// <summary>A PEM or PKCS#12 file.</summary>
    /// <value>Null: plain text, which beyond this machine is refused unless <see cref="Insecure"/> is set.</value>
    public string? CertificatePath { get; init; }

    /// <summary>The PEM file of the certificate's private key.</summary>
    public string? KeyPath { get; init; }

    /// <summary>Whether keys and answers may travel in plain text to other machines.</summary>
    /// <value>False.</value>
    public bool Insecure { get; init; }

    /// <summary>How long running answers may go on after the server was asked to stop; 0 to 1 hour.</summary>
    /// <value>10 seconds</value>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The largest request in bytes, 1 KiB to 1 GiB.</summary>
    /// <value>4 MiB</value>
    public long MaxRequestBytes { get; init; } = 4 << 20;

    internal static ServeOptions Read(SectionReader section)
    {
        var start = new ServeOptions();
        var read = start with
        {
            Bind = section.Text(nameof(Bind)) ?? start.Bind,
            Port = section.Whole(nameof(Port)) ?? start.Port,
            ApiKeys = section.List(nameof(ApiKeys), static (items, key) => items.Text(key)) ?? start.ApiKeys,
            CertificatePath = section.Text(nameof(CertificatePath)),
            KeyPath = section.Text(nameof(KeyPath)),
            Insecure = section.Flag(nameof(Insecure)) ?? start.Insecure,
            Grace = section.Time(nameof(Grace)) ?? start.Grace,
            MaxRequestBytes = section.Bytes(nameof(MaxRequestBytes)) ?? start.MaxRequestBytes,
        };
        section.RefuseUnknown();
        foreach (var (key, problem) in read.Problems()) section.Error(key, problem);
        return read;
    }

    /// <summary>What is out of range, by its key.</summary>
    internal IEnumerable<(string Key, string Problem)> Problems()
    {
        if (Port is < 0 or > 65535) yield return (nameof(Port), $"{Port} is out of range; use 0 to 65535");
        if (Grace < TimeSpan.Zero || Grace > TimeSpan.FromHours(1)) yield return (nameof(Grace), $"{Grace} is out of range; use 0 to 1 hour");
        if (MaxRequestBytes is < 1 << 10 or > 1 << 30) yield return (nameof(MaxRequestBytes), $"{MaxRequestBytes} is out of range; use 1KiB to 1GiB");
        if (KeyPath is not null && CertificatePath is null) yield return (nameof(KeyPath), "it is set and CertificatePath is not; set both");
        if (!IPAddress.TryParse(Bind, out var address)) yield return (nameof(Bind), $"'{Bind}' is not an IP address such as 127.0.0.1 or 0.0.0.0");
        else if (!IPAddress.IsLoopback(address) && ApiKeys.Count == 0) yield return (nameof(Bind), $"others can reach '{Bind}', and there is no key; set ApiKeys");
        else if (!IPAddress.IsLoopback(address) && CertificatePath is null && !Insecure) yield return (nameof(Bind), $"others can reach '{Bind}', and keys would travel in plain text; set CertificatePath, or allow it with Insecure");
    }

    /// <summary>The address; never a key.</summary>
    public override string ToString() => $"{Bind}:{Port}";
}
