using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Hybrid.CloudWorker.Hosting;

/// <summary>The certificate of a server, and what a port speaks with and without one.</summary>
internal static class ServerCertificate
{
    // Without TLS nothing negotiates the protocol, so each port speaks one; with TLS all ports speak both.
    public static void Configure(ListenOptions listen, HttpProtocols plain, X509Certificate2? certificate)
    {
        listen.Protocols = certificate is null ? plain : HttpProtocols.Http1AndHttp2;
        if (certificate is not null)
            listen.UseHttps(certificate);
    }

    /// <param name="path">A PEM file, or a PKCS#12 file where there is no key file; null or empty: plain text.</param>
    /// <param name="keyPath">The PEM file of the private key.</param>
    /// <param name="password">Opens an encrypted key or PKCS#12 file.</param>
    public static X509Certificate2? Load(string? path, string? keyPath, string? password)
    {
        if (string.IsNullOrEmpty(path))
            return null;
        if (keyPath is null)
            return X509CertificateLoader.LoadPkcs12FromFile(path, password);
        var pem = password is null
            ? X509Certificate2.CreateFromPemFile(path, keyPath)
            : X509Certificate2.CreateFromEncryptedPemFile(path, password, keyPath);
        if (!OperatingSystem.IsWindows())
            return pem;
        // Windows' TLS cannot use a key that was only ever in memory.
        using (pem)
            return X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
    }
}
