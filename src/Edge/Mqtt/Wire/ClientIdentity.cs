using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Hybrid.Edge.Mqtt.Wire;

/// <summary>The certificate that a client shows, with its key.</summary>
internal sealed class ClientIdentity : IDisposable
{
    private ClientIdentity(X509Certificate2 certificate)
    {
        Certificate = certificate;
        Context = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true);
    }

    public X509Certificate2 Certificate { get; }

    public SslStreamCertificateContext Context { get; }

    /// <summary>Null where the options name none.</summary>
    public static ClientIdentity? Load(MqttTlsOptions options)
    {
        if (options.CertificatePath is not { } path) return null;
        try
        {
            return new(Read(options, path));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new HybridException(HybridError.Configuration, $"The client's certificate '{path}' or its key cannot be read: {exception.Message.TrimEnd('.')}. Nothing was sent; correct Tls.CertificatePath, KeyPath or KeyPassword.", exception);
        }
    }

    public void Dispose() => Certificate.Dispose();

    private static X509Certificate2 Read(MqttTlsOptions options, string path)
    {
        if (Path.GetExtension(path).ToUpperInvariant() is ".PFX" or ".P12")
            return X509CertificateLoader.LoadPkcs12FromFile(path, options.KeyPassword);
        using var pem = options.KeyPassword is { } password
            ? X509Certificate2.CreateFromEncryptedPemFile(path, password, options.KeyPath)
            : X509Certificate2.CreateFromPemFile(path, options.KeyPath);

        // Windows' TLS takes no key that lives only in memory.
        return X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), password: null);
    }
}
