using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Hybrid.CloudConnector;

/// <summary>The one authority that a pool's certificate is checked against, where its options name one.</summary>
internal static class PinnedAuthority
{
    /// <param name="handler">Whose connections check it.</param>
    /// <param name="pool">The pool's name, for the error.</param>
    /// <param name="path">A PEM file; null: the authorities of the machine count.</param>
    /// <exception cref="HybridException">The file cannot be used (<see cref="HybridError.Configuration"/>).</exception>
    public static void Trust(SocketsHttpHandler handler, string pool, string? path)
    {
        if (path is null)
            return;
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            CustomTrustStore = { Load(pool, path) },
            RevocationMode = X509RevocationMode.NoCheck,
        };
    }

    private static X509Certificate2 Load(string pool, string path)
    {
        try
        {
            return X509CertificateLoader.LoadCertificateFromFile(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new HybridException(HybridError.Configuration, $"Pool '{pool}', CertificateAuthorityPath: '{path}' is not a certificate that can be read. Nothing was sent.", exception);
        }
    }
}
