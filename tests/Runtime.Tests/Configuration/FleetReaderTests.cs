using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Hybrid.Configuration;
using Microsoft.Extensions.Configuration;

namespace Hybrid.Tests.Configuration;

public sealed class FleetReaderTests
{
    private static HybridOptions Read(string fleet)
    {
        var configuration = new ConfigurationBuilder().AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes($$"""{ "Hybrid": { "Fleet": {{fleet}} } }"""))).Build();
        var options = new HybridOptions();
        new HybridOptionsReader(configuration.GetSection(HybridOptions.Section)).Configure(options);
        return options;
    }

    [Fact]
    public void The_section_is_read_with_its_defaults()
    {
        var options = Read("""{ "Broker": "mqtts://b:8883", "Fleet": "shops", "Password": "canary", "Outbox": { "MaxBytes": "1MiB" } }""");
        Assert.Empty(options.Errors);
        var fleet = options.Fleet!;
        Assert.Equal(("mqtts://b:8883/", "shops", TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(30)), (fleet.Broker.ToString(), fleet.Fleet, fleet.ReportEvery, fleet.HealthTimeout));
        Assert.Equal((1L << 20, TimeSpan.FromDays(7), null), (fleet.Outbox.MaxBytes, fleet.Outbox.MaxAge, fleet.Outbox.Path));
        Assert.True(FleetReader.IsName(fleet.Device) && Path.IsPathFullyQualified(fleet.StatePath));
        Assert.DoesNotContain("canary", fleet.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "User": "u" }""", "Hybrid:Fleet:Broker: it is missing")]
    [InlineData("""{ "User": "u" }""", "Hybrid:Fleet:Fleet: it is missing")]
    [InlineData("""{ "Broker": "http://b" }""", "Hybrid:Fleet:Broker: it must be mqtt://, mqtts://, ws:// or wss://")]
    [InlineData("""{ "Broker": "mqtt://me:secret@b" }""", "Hybrid:Fleet:Broker: it must be mqtt://")]
    [InlineData("""{ "Broker": "b" }""", "Hybrid:Fleet:Broker: 'b' is not an absolute address")]
    [InlineData("""{ "Fleet": "a/b" }""", "Hybrid:Fleet:Fleet: 'a/b' is not a name")]
    [InlineData("""{ "Device": "+" }""", "Hybrid:Fleet:Device: '+' is not a name")]
    [InlineData("""{ "Device": "replies" }""", "Hybrid:Fleet:Device: 'replies' is the part of the bus")]
    [InlineData("""{ "ReportEvery": 1 }""", "Hybrid:Fleet:ReportEvery: 00:00:01 is out of range")]
    [InlineData("""{ "HealthTimeout": 0 }""", "Hybrid:Fleet:HealthTimeout: 00:00:00 is out of range")]
    [InlineData("""{ "Tls": { "KeyPath": "k" } }""", "Hybrid:Fleet:Tls:KeyPath: it needs a CertificatePath")]
    [InlineData("""{ "Tls": { "Pins": [ "ab" ] } }""", "Hybrid:Fleet:Tls:Pins:0: 'ab' is not a SHA-256 digest")]
    [InlineData("""{ "Outbox": { "MaxBytes": 100 } }""", "Hybrid:Fleet:Outbox:MaxBytes: 100 is out of range")]
    [InlineData("""{ "Outbox": { "MaxAge": 0 } }""", "Hybrid:Fleet:Outbox:MaxAge: 00:00:00 is out of range")]
    [InlineData("""{ "Brokr": "x" }""", "Hybrid:Fleet:Brokr: there is no such key; did you mean Broker?")]
    public void What_is_wrong_is_told_with_its_path(string fleet, string error) =>
        Assert.Contains(Read(fleet).Errors, one => one.StartsWith(error, StringComparison.Ordinal));

    [Fact]
    public void A_private_key_is_never_trusted_and_never_shown()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var keys = new JsonObject { ["ops"] = pair.ExportPkcs8PrivateKeyPem(), ["good"] = pair.ExportSubjectPublicKeyInfoPem() };
        var errors = Read($$"""{ "Broker": "mqtt://b", "Fleet": "f", "TrustedKeys": {{keys.ToJsonString()}} }""").Errors;
        var error = Assert.Single(errors);
        Assert.StartsWith("Hybrid:Fleet:TrustedKeys:ops: ", error, StringComparison.Ordinal);
        Assert.DoesNotContain(pair.ExportPkcs8PrivateKeyPem().Split('\n')[1], error, StringComparison.Ordinal);
    }
}
