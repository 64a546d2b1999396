using Hybrid.CloudConnector.OpenInference;
using Hybrid.Configuration;
using Hybrid.Targets;
using Microsoft.Extensions.DependencyInjection;

namespace Hybrid.CloudConnector.Tests.OpenInference;

public class OpenInferenceTargetOptionsTests
{
    private static readonly PoolOptions Pool = new()
    {
        Descriptor = new() { Name = "far", Model = "m", Zone = Zone.Site, Capabilities = TargetCapabilities.Chat | TargetCapabilities.Continuation },
        Endpoint = new("http://127.0.0.1:1"),
    };

    [Theory]
    [InlineData("openinference")]
    [InlineData("triton")]
    public async Task Configuration_reaches_the_pool_by_the_registered_factory(string type)
    {
        var template = Path.GetTempFileName();
        await File.WriteAllTextAsync(template, "{{ messages[0].content }}");
        var factory = Factory(type);
        await using var plain = factory.Create(Pool);
        Assert.Equal(TargetCapabilities.Text | TargetCapabilities.Continuation, plain.Descriptor.Capabilities);
        await using var target = factory.Create(Pool with
        {
            Settings = new Dictionary<string, string>
            {
                ["modelId"] = "x",
                ["ModelVersion"] = "2",
                ["TextInput"] = "A",
                ["TextOutput"] = "B",
                ["ChatTemplatePath"] = template,
                ["BosToken"] = "<s>",
                ["EosToken"] = "</s>",
                ["Repository"] = "kserve",
                ["CanProbe"] = "false",
                ["MaxMessageBytes"] = "8000000",
                ["ConnectTimeout"] = "00:00:01",
                ["IdleTimeout"] = "9",
                ["FirstUpdateTimeout"] = "00:10:00",
                ["RetryAfter"] = "3",
            },
        });
        Assert.Equal(TargetCapabilities.Text | TargetCapabilities.Continuation | TargetCapabilities.Chat, target.Descriptor.Capabilities);
        Assert.Null(await ((INetworkTarget)target).ProbeAsync());
        File.Delete(template);
    }

    [Fact]
    public void Every_error_is_told_with_its_key()
    {
        var fault = Assert.Throws<HybridException>(() => Factory("triton").Create(Pool with
        {
            Endpoint = null,
            Descriptor = Pool.Descriptor with { Capabilities = TargetCapabilities.Tools },
            Settings = new Dictionary<string, string> { ["Repository"] = "git", ["IdleTimeout"] = "soon", ["CanProbe"] = "perhaps", ["MaxMessageBytes"] = "big", ["ModelID2"] = "x", ["BosToken:x"] = "1" },
        }));
        Assert.Equal(HybridError.Configuration, fault.Error);
        foreach (var words in (string[])[":Endpoint: it is missing", ":Tools: an inference server takes no tools", ":Settings:Repository: 'git' is not known; use none, triton, kserve", ":Settings:IdleTimeout: 'soon' is not a time", ":Settings:CanProbe: 'perhaps'", ":Settings:MaxMessageBytes: 'big'", ":Settings:ModelID2: there is no such key; did you mean ModelId?", ":Settings:BosToken: a single value"])
            Assert.Contains("Hybrid:Pools:far" + words, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_option_that_cannot_be_used_is_told_by_name()
    {
        var broken = Path.GetTempFileName();
        File.WriteAllText(broken, "{% frobnicate %}");
        var good = new OpenInferenceTargetOptions { Endpoint = Pool.Endpoint!, Descriptor = Pool.Descriptor, ApiKey = "canary" };
        Assert.DoesNotContain("canary", good.ToString(), StringComparison.Ordinal);
        foreach (var (bad, key) in new[]
        {
            (good with { Endpoint = new("ftp://x") }, "Endpoint"),
            (good with { IdleTimeout = TimeSpan.Zero }, "IdleTimeout"),
            (good with { MaxMessageBytes = 1023 }, "MaxMessageBytes"),
            (good with { TextInput = " " }, "TextInput"),
            (good with { TextOutput = "" }, "TextOutput"),
            (good with { ModelId = "" }, "ModelId"),
            (good with { ChatTemplatePath = "no-such.jinja" }, "ChatTemplatePath: 'no-such.jinja' cannot be read"),
            (good with { ChatTemplatePath = broken }, "ChatTemplatePath: '" + broken + "' cannot be used"),
        })
        {
            var fault = Assert.Throws<HybridException>(() => new OpenInferenceTarget(bad));
            Assert.Equal(HybridError.Configuration, fault.Error);
            Assert.Contains(key, fault.Message, StringComparison.Ordinal);
        }

        File.Delete(broken);
    }

    private static ITargetFactory Factory(string type) =>
        Assert.Single(new ServiceCollection().AddCloudConnector().AddCloudConnector().BuildServiceProvider().GetServices<ITargetFactory>(), factory => factory.Type == type);
}
