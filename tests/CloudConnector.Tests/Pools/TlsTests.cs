using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Hybrid.CloudConnector.Pools;
using Hybrid.CloudWorker.Tests;

namespace Hybrid.CloudConnector.Tests.Pools;

public sealed class TlsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid-tls-").FullName;

    [Fact]
    public async Task A_worker_with_a_certificate_is_trusted_by_its_authority_and_by_no_other()
    {
        var (certificate, key) = Make("worker");
        var (other, _) = Make("other");
        await using var worker = await InProcessWorker.StartAsync(options => (options.Tls.CertificatePath, options.Tls.KeyPath) = (certificate, key));
        Assert.Equal("https", worker.Server.Grpc.Scheme);
        foreach (var endpoint in (Uri[])[worker.Server.Grpc, worker.Server.Http])
        {
            await using var trusting = new WorkerTarget(Asking.Options(endpoint) with { CertificateAuthorityPath = certificate });
            Assert.NotNull((await Asking.AskAsync(trusting)).Completion);
        }

        foreach (var authority in (string?[])[null, other])
        {
            await using var wary = new WorkerTarget(Asking.Options(worker.Server.Grpc) with { CertificateAuthorityPath = authority });
            Assert.Equal(HybridError.TargetUnavailable, (await Asking.AskAsync(wary)).Fault?.Error);
        }

        Assert.Equal(2, worker.Target.Asked.Count);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private (string Certificate, string Key) Make(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        var (path, keyPath) = (Path.Combine(_folder, name + ".pem"), Path.Combine(_folder, name + ".key"));
        File.WriteAllText(path, certificate.ExportCertificatePem());
        File.WriteAllText(keyPath, key.ExportPkcs8PrivateKeyPem());
        return (path, keyPath);
    }
}
