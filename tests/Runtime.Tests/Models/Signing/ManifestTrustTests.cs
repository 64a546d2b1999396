using System.Security.Cryptography;
using System.Text;
using Hybrid.Models.Signing;
using Hybrid.Models.Store;
using Hybrid.Tests.Models.Store;

namespace Hybrid.Tests.Models.Signing;

public sealed class ManifestTrustTests : IDisposable
{
    private static readonly ECDsa Key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private static readonly ECDsa Other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Curves => new("1.2.840.10045.3.1.7", "1.3.132.0.34");

    [Theory]
    [MemberData(nameof(Curves))]
    public void What_a_pinned_key_signed_is_trusted_whichever_way_the_key_is_written(string curve)
    {
        using var key = ECDsa.Create(ECCurve.CreateFromValue(curve));
        var signed = ManifestSigner.Sign(Manifest(), "acme", key.ExportPkcs8PrivateKeyPem());
        foreach (var text in new[] { key.ExportSubjectPublicKeyInfoPem(), Convert.ToBase64String(key.ExportSubjectPublicKeyInfo()) })
            Assert.Equal("acme", Trust(text).Check(signed));
    }

    [Fact]
    public void The_bytes_that_are_signed_are_canonical_json()
    {
        var text = Encoding.UTF8.GetString(CanonicalManifest.Bytes(Manifest() with { Source = "any", PulledAt = default, Licence = "é" }));
        Assert.Equal($$"""{"files":[{"path":"a+b (c).gguf","sha256":"{{new string('a', 64)}}","size":12},{"path":"d/e","sha256":"{{new string('b', 64)}}","size":3}],"name":"m:1","type":"hybrid-model-1"}""", text);
    }

    public static TheoryData<string> Changes => new("name", "tag", "size", "digest", "path", "order", "less", "more", "algorithm", "truncated", "empty", "no-base64", "flipped", "of-another");

    [Theory]
    [MemberData(nameof(Changes))]
    public void Whatever_is_changed_after_it_was_signed_is_refused_even_where_no_signature_is_needed(string change)
    {
        var signed = ManifestSigner.Sign(Manifest(), "acme", Key.ExportPkcs8PrivateKeyPem());
        var (first, second, signature) = (signed.Files[0], signed.Files[1], signed.Signature!);
        var bytes = Convert.FromBase64String(signature.Value);
        var flipped = bytes.ToArray();
        flipped[^1] ^= 1;
        var changed = change switch
        {
            "name" => signed with { Name = ModelName.Parse("n:1") },
            "tag" => signed with { Name = ModelName.Parse("m:2") },
            "size" => signed with { Files = [first with { Size = 13 }, second] },
            "digest" => signed with { Files = [first with { Sha256 = new string('c', 64) }, second] },
            "path" => signed with { Files = [first, second with { Path = "d/f" }] },
            "order" => signed with { Files = [second, first] },
            "less" => signed with { Files = [first] },
            "more" => signed with { Files = [first, second, new("x", 1, new string('c', 64))] },
            "algorithm" => signed with { Signature = signature with { Algorithm = "ecdsa-p384-sha384" } },
            "truncated" => signed with { Signature = signature with { Value = Convert.ToBase64String(bytes[..^1]) } },
            "empty" => signed with { Signature = signature with { Value = "" } },
            "no-base64" => signed with { Signature = signature with { Value = "?" } },
            "flipped" => signed with { Signature = signature with { Value = Convert.ToBase64String(flipped) } },
            _ => ManifestSigner.Sign(Manifest(), "acme", Other.ExportPkcs8PrivateKeyPem()),
        };
        foreach (var required in new[] { true, false })
        {
            var error = Assert.Throws<HybridException>(() => Trust(required: required).Check(changed));
            Assert.Equal(HybridError.ModelFile, error.Error);
            Assert.Contains("key 'acme' (ecdsa-p256-sha256, sha256:", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Where_a_signature_is_required_none_and_a_strangers_are_refused_and_the_expected_key_is_named()
    {
        var trust = Trust();
        foreach (var manifest in new[] { Manifest(), ManifestSigner.Sign(Manifest(), "stranger", Other.ExportPkcs8PrivateKeyPem()) })
        {
            var error = Assert.Throws<HybridException>(() => trust.Check(manifest));
            Assert.Equal(HybridError.ModelFile, error.Error);
            Assert.Contains("expected: 'acme' (ecdsa-p256-sha256, sha256:", error.Message, StringComparison.Ordinal);
            Assert.Null(Trust(required: false).Check(manifest));
            Assert.Null(ManifestTrust.None.Check(manifest));
        }
    }

    [Fact]
    public void Keys_that_cannot_be_used_are_refused_when_they_are_pinned()
    {
        using var large = ECDsa.Create(ECCurve.NamedCurves.nistP521);
        using var rsa = RSA.Create(2048);
        foreach (var text in new[] { "", "x", "AAAA", large.ExportSubjectPublicKeyInfoPem(), rsa.ExportSubjectPublicKeyInfoPem(), Key.ExportPkcs8PrivateKeyPem(), "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----" })
        {
            var error = Assert.Throws<HybridException>(() => Trust(text));
            Assert.Equal(HybridError.Configuration, error.Error);
            Assert.Contains("'acme'", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(HybridError.Configuration, Assert.Throws<HybridException>(() => ManifestTrust.Create(new Dictionary<string, string>(StringComparer.Ordinal), requireSigned: true)).Error);
        var secret = Key.ExportPkcs8PrivateKeyPem()[30..60];
        Assert.DoesNotContain(secret, Assert.Throws<HybridException>(() => ManifestSigner.Sign(Manifest(), "acme", secret)).ToString(), StringComparison.Ordinal);
        Assert.Equal(HybridError.InvalidRequest, Assert.Throws<HybridException>(() => ManifestSigner.Sign(Manifest() with { Files = [] }, "acme", Key.ExportPkcs8PrivateKeyPem())).Error);
    }

    [Fact]
    public void A_store_that_requires_signatures_takes_and_opens_nothing_else()
    {
        var plain = _folder.Open();
        var unsigned = _folder.Commit(plain, "unsigned", "1");
        var strict = _folder.Open(new() { Trust = Trust() });
        foreach (var refused in new Action[] { () => strict.PathOf(unsigned.Name), () => strict.Use(unsigned.Name), () => strict.Commit(unsigned) })
            Assert.Contains("is not signed", Assert.Throws<HybridException>(refused).Message, StringComparison.Ordinal);
        var signed = ManifestSigner.Sign(_folder.Manifest("signed", StoreFolder.Add(strict, "model.gguf", [1, 2])), "acme", Key.ExportPkcs8PrivateKeyPem());
        strict.Commit(signed);
        Assert.Equal([1, 2], File.ReadAllBytes(strict.PathOf(signed.Name)));
        Assert.Equal(signed.Signature, _folder.Open().Find(signed.Name)!.Manifest!.Signature);
        var file = Path.Combine(_folder.Root, "names", "signed", "latest.json");
        File.WriteAllText(file, File.ReadAllText(file).Replace(signed.Files[0].Sha256, unsigned.Files[0].Sha256, StringComparison.Ordinal).Replace("\"size\": 2", "\"size\": 1", StringComparison.Ordinal));
        Assert.Contains("changed after it was signed", Assert.Throws<HybridException>(() => strict.PathOf(signed.Name)).Message, StringComparison.Ordinal);
    }

    private static ManifestTrust Trust(string? key = null, bool required = true) =>
        ManifestTrust.Create(new Dictionary<string, string>(StringComparer.Ordinal) { ["acme"] = key ?? Key.ExportSubjectPublicKeyInfoPem() }, required);

    private ModelManifest Manifest() => _folder.Manifest("m:1", new ModelFile("a+b (c).gguf", 12, new string('a', 64)), new ModelFile("d/e", 3, new string('b', 64)));
}
