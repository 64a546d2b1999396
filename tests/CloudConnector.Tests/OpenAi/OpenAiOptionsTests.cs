using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Hybrid.CloudConnector.OpenAi;
using Hybrid.CloudConnector.Tests.Pools;
using Hybrid.Configuration;
using Hybrid.Targets;
using Microsoft.Extensions.DependencyInjection;

namespace Hybrid.CloudConnector.Tests.OpenAi;

public class OpenAiOptionsTests
{
    private const string Answer = Wire.Stream + Wire.Stop + Wire.Done;
    private static readonly OpenAiTargetOptions Good = Wire.Options(new("http://127.0.0.1:1"));

    public static TheoryData<string> Faults => ["Endpoint", "Endpoint user", "ConnectTimeout", "IdleTimeout", "FirstUpdateTimeout", "RetryAfter", "CertificateAuthorityPath", "ApiKey", "ApiKeyVariable", "ApiKeyHeader", "Headers", "ChatTemplatePath", "ChatTemplatePath missing"];

    [Theory]
    [MemberData(nameof(Faults))]
    public void An_option_that_cannot_be_used_is_told_by_name(string option)
    {
        var bad = option switch
        {
            "Endpoint" => Good with { Endpoint = new("ftp://127.0.0.1") },
            "Endpoint user" => Good with { Endpoint = new("http://user:canary@127.0.0.1") },
            "ConnectTimeout" => Good with { ConnectTimeout = TimeSpan.Zero },
            "IdleTimeout" => Good with { IdleTimeout = TimeSpan.FromDays(2) },
            "FirstUpdateTimeout" => Good with { FirstUpdateTimeout = TimeSpan.FromSeconds(-1) },
            "RetryAfter" => Good with { RetryAfter = TimeSpan.Zero },
            "ApiKey" => Good with { ApiKey = "canary\r\nX-Evil: 1" },
            "ApiKeyVariable" => Good with { ApiKeyVariable = "HYBRID_NO_SUCH_VARIABLE" },
            "ApiKeyHeader" => Good with { ApiKeyHeader = "X: Y" },
            "Headers" => Good with { Headers = new Dictionary<string, string> { ["X-Canary"] = "canary\n" } },
            "ChatTemplatePath" => Good with { ChatTemplatePath = "no-such.jinja" },
            "ChatTemplatePath missing" => Good with { Continuation = ContinuationMode.Completions },
            _ => Good with { CertificateAuthorityPath = "no-such.pem" },
        };
        var fault = Assert.Throws<HybridException>(() => new OpenAiTarget(bad));
        Assert.Equal(HybridError.Configuration, fault.Error);
        Assert.Contains(option.Split(' ')[0], fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", fault.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Configuration_reaches_the_pool_by_the_registered_factory()
    {
        await using var server = RawServer.Saying(Answer);
        var factory = Assert.Single(new ServiceCollection().AddCloudConnector().AddCloudConnector().BuildServiceProvider().GetServices<ITargetFactory>(), one => one.Type == "openai");
        var options = new PoolOptions
        {
            Descriptor = Good.Descriptor,
            Endpoint = new(server.Endpoint, "/v1"),
            ApiKey = "canary-key",
            Settings = new Dictionary<string, string>
            {
                ["modelId"] = "other",
                ["ApiKeyHeader"] = "api-key",
                ["Headers:X-Tenant"] = "t1",
                ["Continuation"] = "vllm",
                ["Wake"] = "llama-server",
                ["Sampling"] = "llama-server",
                ["MaxCompletionTokens"] = "true",
                ["PrivacyHeader"] = "true",
                ["TextCompletions"] = "true",
                ["LogProbabilities"] = "true",
                ["ConnectTimeout"] = "00:00:02",
                ["IdleTimeout"] = "00:00:09",
                ["FirstUpdateTimeout"] = "00:01:00",
                ["RetryAfter"] = "00:00:03",
            },
        };
        await using var target = factory.Create(options);
        Assert.Equal(TargetCapabilities.Chat | TargetCapabilities.Continuation | TargetCapabilities.Text | TargetCapabilities.Tokens | TargetCapabilities.LogProbabilities, target.Descriptor.Capabilities);
        await ServerCases.CollectAsync(target, Wire.Chat with { MaxTokens = 3, Prompt = new TextPrompt("t") });
        var asked = Assert.Single(server.Asked, one => one.Path == "/v1/completions"); // beside questions how it is
        Assert.Contains("\r\napi-key: canary-key", asked.Head, StringComparison.Ordinal);
        Assert.Contains("\r\nX-Tenant: t1", asked.Head, StringComparison.Ordinal);
        Assert.Contains("\r\nX-Hybrid-Privacy: internal", asked.Head, StringComparison.Ordinal);
        Assert.Contains("\"model\":\"other\"", asked.Body, StringComparison.Ordinal);
        Assert.Contains("\"max_completion_tokens\":3", asked.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("Authorization", asked.Head, StringComparison.Ordinal);
        foreach (var (key, value) in new[] { ("IdleTimeout", "soon"), ("Surprise", "1"), ("Continuation", "maybe"), ("Wake", "7"), ("Sampling", ""), ("LogProbabilities", "yes") })
        {
            var fault = Assert.Throws<HybridException>(() => factory.Create(options with { Settings = new Dictionary<string, string> { [key] = value } }));
            Assert.Equal(HybridError.Configuration, fault.Error);
            Assert.Contains("Hybrid:Pools:pool:Settings:" + key, fault.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_key_comes_from_the_environment_or_from_a_callback_before_each_call()
    {
        await using var server = RawServer.Saying(Answer);
        Environment.SetEnvironmentVariable("HYBRID_TEST_KEY", "from-environment");
        await using (var target = new OpenAiTarget(Wire.Options(server.Endpoint) with { ApiKeyVariable = "HYBRID_TEST_KEY" }))
            await ServerCases.CollectAsync(target, Wire.Chat);
        Assert.Contains("Authorization: Bearer from-environment", server.Asked[^1].Head, StringComparison.Ordinal);

        var calls = 0;
        string? Renewed() => ++calls switch { 1 => "first", 2 => "second", 3 => "bad\nkey", _ => throw new InvalidOperationException("canary") };
        await using var renewing = new OpenAiTarget(Wire.Options(server.Endpoint) with { ApiKey = "constant", ApiKeySource = _ => new(Renewed()) });
        foreach (var key in (string[])["first", "second"])
        {
            await ServerCases.CollectAsync(renewing, Wire.Chat);
            Assert.Contains($"Authorization: Bearer {key}", server.Asked[^1].Head, StringComparison.Ordinal);
        }

        var sent = server.Asked.Count;
        for (var i = 0; i < 2; i++)
        {
            var fault = (await Asking.AskAsync(renewing, Wire.Chat)).Fault!;
            Assert.Equal(HybridError.Unauthorized, fault.Error);
            Assert.DoesNotContain("canary", fault.ToString(), StringComparison.Ordinal);
        }

        Assert.Equal(sent, server.Asked.Count);
    }

    [Fact]
    public async Task A_certificate_of_another_name_is_not_accepted()
    {
        using var certificate = Certificate("elsewhere.example");
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(path, certificate.ExportCertificatePem());
            await using var server = new RawServer(exchange => exchange.SayAsync(Answer), certificate);
            await using var target = new OpenAiTarget(Wire.Options(server.Endpoint) with { CertificateAuthorityPath = path, ApiKey = "canary-key" });
            var fault = (await Asking.AskAsync(target, Wire.Chat)).Fault!;
            Assert.Equal(HybridError.TargetUnavailable, fault.Error);
            Assert.Contains("certificate", fault.Message, StringComparison.Ordinal);
            Assert.Contains("RemoteCertificateNameMismatch", fault.Message, StringComparison.Ordinal);
            Assert.False(await target.ProbeAsync());
            Assert.Empty(server.Asked);
            using var right = Certificate("127.0.0.1");
            await File.WriteAllTextAsync(path, right.ExportCertificatePem());
            await using var honest = new RawServer(exchange => exchange.SayAsync(Answer), right);
            await using var trusting = new OpenAiTarget(Wire.Options(honest.Endpoint) with { CertificateAuthorityPath = path });
            Assert.NotNull((await Asking.AskAsync(trusting, Wire.Chat)).Completion);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static X509Certificate2 Certificate(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(name, out var address))
            names.AddIpAddress(address);
        else
            names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}
