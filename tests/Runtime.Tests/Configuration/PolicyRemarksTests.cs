using System.Text;
using Hybrid.Configuration;
using Microsoft.Extensions.Configuration;

namespace Hybrid.Tests.Configuration;

/// <summary>What is no error and still refuses requests, or decides otherwise than one may think.</summary>
public class PolicyRemarksTests
{
    private const string Cloud = """ "Pools": { "cloud": { "Endpoint": "http://p", "Zone": "public", "Model": "m" } } """;
    private const string Device = """ "Local": { "ModelPath": "m.gguf" } """;

    [Theory]
    [InlineData(Device)]
    [InlineData(""" "Privacy": "public", """ + Cloud)]
    [InlineData(""" "Policy": "offline", """ + Device)]
    public void An_ordinary_configuration_needs_none(string section) => Assert.Empty(Remarks(section));

    [Theory]
    [InlineData(""" "Privacy": "confidential", """ + Cloud, "Hybrid:Privacy: no target may see confidential requests; one that states no class is confidential and will be refused")]
    [InlineData(Cloud, "Hybrid:Privacy: no target may see internal requests")]
    [InlineData(""" "Policy": "offline", "Privacy": "public", """ + Cloud, "Hybrid:Policy: 'offline' leaves no target at all; every request under it will be refused")]
    [InlineData(""" "Policies": { "near": { "AllowedZones": [ "site" ] } }, """ + Device, "Hybrid:Policies:near: 'near' leaves no target at all")]
    [InlineData(""" "Policies": { "cloud": { "AllowedTargets": [ "cloud" ] } }, """ + Device + "," + Cloud, "Hybrid:Policies:cloud: 'cloud' leaves no target for internal requests, which those are that state no class")]
    [InlineData(""" "Policies": { "bill": { "DollarsPerSecond": 0, "DollarsPerTonCarbon": 0, "DollarsPerQualityPoint": 0 } }, """ + Device, "Hybrid:Policies:bill: the weights are all 0, so the price alone decides")]
    public void What_may_surprise_is_told_with_its_key_path(string section, string remark) =>
        Assert.Contains(Remarks(section), one => one.StartsWith(remark, StringComparison.Ordinal));

    private static IReadOnlyList<string> Remarks(string section)
    {
        var configuration = new ConfigurationBuilder().AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes($$"""{ "Hybrid": { {{section}} } }"""))).Build();
        var options = new HybridOptions();
        new HybridOptionsReader(configuration.GetSection(HybridOptions.Section)).Configure(options);
        Assert.Empty(options.Errors);
        return PolicyRemarks.Of(options);
    }
}
