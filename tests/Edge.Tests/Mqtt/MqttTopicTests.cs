using Hybrid.Edge.Mqtt;

namespace Hybrid.Edge.Tests.Mqtt;

public sealed class MqttTopicTests
{
    [Theory]
    [InlineData("a/b", "a/b", true)]
    [InlineData("a/b", "a/b/", false)]
    [InlineData("a/+", "a/b", true)]
    [InlineData("a/+", "a/", true)]
    [InlineData("a/+", "a", false)]
    [InlineData("a/+", "a/b/c", false)]
    [InlineData("+/+", "/a", true)]
    [InlineData("+", "/a", false)]
    [InlineData("#", "a/b/c", true)]
    [InlineData("a/#", "a", true)]
    [InlineData("a/#", "ab", false)]
    [InlineData("a/+/#", "a/b", true)]
    [InlineData("a/+/c/#", "a/b", false)]
    [InlineData("#", "$SYS/load", false)]
    [InlineData("+/load", "$SYS/load", false)]
    [InlineData("$SYS/#", "$SYS/load", true)]
    public void A_filter_takes_the_topics_that_the_rules_say(string filter, string topic, bool takes) => Assert.Equal(takes, MqttTopic.Matches(filter, topic));

    [Theory]
    [InlineData("a/#", true)]
    [InlineData("#", true)]
    [InlineData("+/a/+", true)]
    [InlineData("/", true)]
    [InlineData("$share/group/a/#", true)]
    [InlineData("", false)]
    [InlineData("a#", false)]
    [InlineData("a/#/b", false)]
    [InlineData("a+/b", false)]
    [InlineData("$share/group", false)]
    [InlineData("$share/gr+up/a", false)]
    [InlineData("$share/group/", false)]
    public void A_filter_that_breaks_the_rules_is_refused(string filter, bool fine) => Assert.Equal(fine, MqttTopic.FilterProblem(filter) is null);

    [Theory]
    [InlineData("", false)]
    [InlineData("a/+", false)]
    [InlineData("a/#", false)]
    [InlineData("a\0", false)]
    [InlineData("größe", true)]
    public void A_topic_that_breaks_the_rules_is_refused(string topic, bool fine) => Assert.Equal(fine, MqttTopic.Problem(topic) is null);

    [Fact]
    public void A_topic_has_at_most_65535_bytes()
    {
        Assert.Null(MqttTopic.Problem(new string('x', 65_535)));
        Assert.NotNull(MqttTopic.Problem(new string('x', 65_536)));
        Assert.NotNull(MqttTopic.Problem(new string('é', 32_768)));
    }
}
