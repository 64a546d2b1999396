using Hybrid.CloudConnector.Pools;
using Hybrid.Configuration;
using Hybrid.Targets;
using Microsoft.Extensions.DependencyInjection;

namespace Hybrid.CloudConnector.Tests.Pools;

public class WorkerTargetOptionsTests
{
    private static readonly WorkerTargetOptions Good = Asking.Options(new Uri("http://127.0.0.1:1"));

    public static TheoryData<string> Faults => ["Endpoint", "ConnectTimeout", "IdleTimeout", "FirstUpdateTimeout", "RetryAfter", "CertificateAuthorityPath"];

    [Theory]
    [MemberData(nameof(Faults))]
    public void An_option_that_cannot_be_used_is_told_by_name(string option)
    {
        var bad = option switch
        {
            "Endpoint" => Good with { Endpoint = new Uri("ftp://127.0.0.1") },
            "ConnectTimeout" => Good with { ConnectTimeout = TimeSpan.Zero },
            "IdleTimeout" => Good with { IdleTimeout = TimeSpan.FromDays(2) },
            "FirstUpdateTimeout" => Good with { FirstUpdateTimeout = TimeSpan.FromSeconds(-1) },
            "RetryAfter" => Good with { RetryAfter = TimeSpan.Zero },
            _ => Good with { CertificateAuthorityPath = "no-such.pem" },
        };
        var fault = Assert.Throws<HybridException>(() => new WorkerTarget(bad));
        Assert.Equal(HybridError.Configuration, fault.Error);
        Assert.Contains(option, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Configuration_reaches_the_pool_by_the_registered_factory()
    {
        var factory = Assert.Single(new ServiceCollection().AddCloudConnector().AddCloudConnector().BuildServiceProvider().GetServices<ITargetFactory>(), one => one.Type == "worker");
        var options = new PoolOptions { Descriptor = Good.Descriptor, Endpoint = Good.Endpoint, Settings = new Dictionary<string, string> { ["idleTimeout"] = "00:00:09" } };
        await using var target = factory.Create(options);
        Assert.Equal("pool", target.Descriptor.Name);
        foreach (var settings in (Dictionary<string, string>[])[new() { ["IdleTimeout"] = "soon" }, new() { ["Surprise"] = "00:00:01" }])
        {
            var fault = Assert.Throws<HybridException>(() => factory.Create(options with { Settings = settings }));
            Assert.Equal(HybridError.Configuration, fault.Error);
            Assert.Contains("Hybrid:Pools:pool:Settings:" + settings.Keys.Single(), fault.Message, StringComparison.Ordinal);
        }
    }
}
