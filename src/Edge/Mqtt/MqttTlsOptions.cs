namespace Hybrid.Edge.Mqtt;

/// <summary>How a client checks its broker's certificate, and which one it shows.</summary>
/// <remarks>The certificate's dates, its host name and its chain are always checked.</remarks>
public sealed record MqttTlsOptions
{
    /// <summary>A PEM file with the only authorities that are trusted.</summary>
    /// <value>Null: those of the machine.</value>
    public string? AuthorityPath { get; init; }

    /// <summary>SHA-256 digests in hexadecimal, one of which the SubjectPublicKeyInfo of the broker's certificate must have, besides all else.</summary>
    /// <value>Empty: any key.</value>
    public IReadOnlyList<string> PinnedKeys { get; init; } = [];

    /// <summary>The client's own certificate: a PEM file, or PKCS#12 where it ends in <c>.pfx</c> or <c>.p12</c>. It is read anew for each connection.</summary>
    public string? CertificatePath { get; init; }

    /// <summary>The PEM file of its private key.</summary>
    /// <value>Null: it is in the file of the certificate.</value>
    public string? KeyPath { get; init; }

    /// <summary>What the private key, or the PKCS#12 file, is encrypted with.</summary>
    public string? KeyPassword { get; init; }
}
