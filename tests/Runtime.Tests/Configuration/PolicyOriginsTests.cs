using System.Text;
using Hybrid.Configuration;
using Hybrid.Policy;
using Microsoft.Extensions.Configuration;

namespace Hybrid.Tests.Configuration;

public class PolicyOriginsTests
{
    private static readonly IConfigurationSection Policies = new ConfigurationBuilder().AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes("""
        { "Policies": {
          "night": { "Base": "Careful", "MaxDollarsPerRequest": 0.001, "AllowedZones": [ "device", "region:eu" ] },
          "careful": { "Base": "green", "DollarsPerSecond": 0.5, "MaxDollarsPerRequest": 0.1 },
          "fast": { "Base": "fast", "DollarsPerSecond": 1 },
          "plain": {}
        } }
        """))).Build().GetSection("Policies");

    [Fact]
    public void Each_figure_names_the_nearest_place_that_set_it()
    {
        var night = PolicyPresets.Green with { Name = "night", DollarsPerSecond = 0.5, MaxDollarsPerRequest = 0.001, AllowedZones = [Hybrid.Targets.Zone.Device, Hybrid.Targets.Zone.Region("eu")] };
        var figures = PolicyOrigins.Of(night, Policies).ToDictionary(figure => figure.Key);
        Assert.Equal(new("MaxDollarsPerRequest", "0.001", "green", "Policies:night:MaxDollarsPerRequest"), figures["MaxDollarsPerRequest"]);
        Assert.Equal(new("DollarsPerSecond", "0.5", "green", "Policies:careful:DollarsPerSecond"), figures["DollarsPerSecond"]);
        Assert.Equal(new("DollarsPerTonCarbon", "100000", "green", null), figures["DollarsPerTonCarbon"]);
        Assert.Equal(new("AllowedZones", """["device","region:eu"]""", "green", "Policies:night:AllowedZones"), figures["AllowedZones"]);
        Assert.Equal(new("MaxGramsPerRequest", "null", "green", null), figures["MaxGramsPerRequest"]);
        Assert.Equal(["Careful", "green"], PolicyOrigins.Bases("night", Policies), StringComparer.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_preset_that_is_refined_a_policy_of_nothing_and_a_preset_have_their_presets()
    {
        Assert.Equal(["fast"], PolicyOrigins.Bases("fast", Policies));
        Assert.Equal(["balanced"], PolicyOrigins.Bases("plain", Policies));
        Assert.Empty(PolicyOrigins.Bases("green", Policies));
        Assert.All(PolicyOrigins.Of(PolicyPresets.Green, Policies), figure => Assert.Equal(("green", null), (figure.Preset, figure.Path)));
    }

    [Fact]
    public void Every_figure_of_a_policy_is_there() => Assert.Equal(
        typeof(RoutingPolicy).GetProperties().Select(property => property.Name).Except(["Name", "Version"]).Order(),
        PolicyOrigins.Of(PolicyPresets.Balanced, Policies).Select(figure => figure.Key).Order());
}
