using Hybrid.Targets;

namespace Hybrid.Tests.Targets;

public class ZoneTests
{
    [Theory]
    [InlineData("device", PrivacyClass.Secret, true)]
    [InlineData("site", PrivacyClass.Secret, false)]
    [InlineData("site", PrivacyClass.Confidential, true)]
    [InlineData("region:eu-west", PrivacyClass.Confidential, false)]
    [InlineData("region:eu-west", PrivacyClass.Internal, true)]
    [InlineData("public", PrivacyClass.Internal, false)]
    [InlineData("public", PrivacyClass.Public, true)]
    public void A_zone_admits_its_classes_and_no_more(string name, PrivacyClass privacy, bool admitted)
    {
        Assert.True(Zone.TryParse(name, out var zone));
        Assert.Equal(admitted, zone.Admits(privacy));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(4)]
    public void A_class_that_is_none_may_be_seen_nowhere(int privacy)
    {
        foreach (var zone in new[] { Zone.Device, Zone.Site, Zone.Region("eu"), Zone.Public })
            Assert.False(zone.Admits((PrivacyClass)privacy));
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("Device")]
    [InlineData("region:")]
    [InlineData("region")]
    public void An_unknown_name_is_refused_and_gives_the_zone_that_admits_least(string? name)
    {
        Assert.False(Zone.TryParse(name, out var zone));
        Assert.Equal(Zone.Public, zone);
        Assert.Equal(Zone.Public, default);
    }
}
