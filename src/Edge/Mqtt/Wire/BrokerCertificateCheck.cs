using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Hybrid.Edge.Mqtt.Wire;

/// <summary>Decides whether a broker's certificate is accepted, and says in words why not.</summary>
internal sealed class BrokerCertificateCheck : IDisposable
{
    private readonly X509Certificate2Collection? _authorities;
    private readonly IReadOnlyList<string> _pins;
    private readonly string _host;
    private readonly TimeProvider _time;

    public BrokerCertificateCheck(MqttTlsOptions options, string host, TimeProvider time)
    {
        (_pins, _host, _time) = (options.PinnedKeys, host, time);
        if (options.AuthorityPath is { } path) _authorities = Load(path);
    }

    /// <summary>Why the certificate was not accepted; null: it was, or none was seen.</summary>
    public string? Problem { get; private set; }

    public bool Validate(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        Problem = Find(certificate as X509Certificate2, chain, errors);
        return Problem is null;
    }

    public void Dispose()
    {
        foreach (var authority in _authorities ?? []) authority.Dispose();
    }

    private static X509Certificate2Collection Load(string path)
    {
        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPemFile(path);
            return authorities.Count > 0 ? authorities : throw new CryptographicException("It holds no certificate in PEM.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new HybridException(HybridError.Configuration, $"The authorities in '{path}' cannot be read: {exception.Message.TrimEnd('.')}. Nothing was sent; correct Tls.AuthorityPath.", exception);
        }
    }

    private string? Find(X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is null) return "it showed none";
        var now = _time.GetUtcNow().UtcDateTime;
        var (from, to) = (certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime());
        if (now > to) return $"it expired on {to:yyyy-MM-dd HH:mm} UTC";
        if (now < from) return $"it is valid only from {from:yyyy-MM-dd HH:mm} UTC; check this device's clock";
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)) return $"it is not for the host '{_host}'";
        if (ChainProblem(certificate, chain, errors) is { } problem) return problem;
        return _pins.Count == 0 || _pins.Contains(Digest(certificate), StringComparer.OrdinalIgnoreCase) ? null : $"its key, {Digest(certificate)}, is not a pinned one";
    }

    private static string Digest(X509Certificate2 certificate) => Convert.ToHexStringLower(SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo()));

    private string? ChainProblem(X509Certificate2 certificate, X509Chain? sent, SslPolicyErrors errors)
    {
        if (_authorities is null)
            return errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors) ? Say(sent) : null;
        using var own = new X509Chain();
        own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        own.ChainPolicy.CustomTrustStore.AddRange(_authorities);
        own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        own.ChainPolicy.DisableCertificateDownloads = true;
        own.ChainPolicy.VerificationTime = _time.GetUtcNow().LocalDateTime;
        own.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.1")); // a server's
        foreach (var element in sent?.ChainElements ?? Enumerable.Empty<X509ChainElement>()) own.ChainPolicy.ExtraStore.Add(element.Certificate);
        return own.Build(certificate) ? null : Say(own);
    }

    private static string Say(X509Chain? chain)
    {
        var status = chain?.ChainStatus is [var first, ..] ? first : default;
        return status.Status is X509ChainStatusFlags.UntrustedRoot or X509ChainStatusFlags.PartialChain or X509ChainStatusFlags.NotSignatureValid
            ? "its authority is not trusted; name it in Tls.AuthorityPath if it should be"
            : status.Status == default ? "its chain is not complete" : $"{status.Status}: {status.StatusInformation.TrimEnd('.')}";
    }
}
