using Hybrid.Edge.Outbox;

namespace Hybrid.Edge.Tests.Outbox;

public sealed class RepeatFilterTests
{
    [Fact]
    public void A_repeat_is_seen_for_as_long_as_it_is_remembered_and_what_is_not_is_new()
    {
        var filter = new RepeatFilter(perSource: 3);
        Assert.True(filter.IsNew(new RecordId("a", 1)));
        Assert.True(filter.IsNew(new RecordId("b", 1)));
        Assert.False(filter.IsNew(new RecordId("a", 1)));
        Assert.True(filter.IsNew(new RecordId("a", 9)));
        Assert.True(filter.IsNew(new RecordId("a", 5))); // lower, and late: of another topic
        Assert.False(filter.IsNew(new RecordId("a", 1)));
        Assert.True(filter.IsNew(new RecordId("a", 6)));
        Assert.True(filter.IsNew(new RecordId("a", 1))); // forgotten: rather twice than lost
    }

    [Fact]
    public void Of_many_senders_those_heard_last_are_remembered()
    {
        var filter = new RepeatFilter(sources: 2);
        Assert.True(filter.IsNew(new RecordId("a", 1)));
        Assert.True(filter.IsNew(new RecordId("b", 1)));
        Assert.False(filter.IsNew(new RecordId("a", 1)));
        Assert.True(filter.IsNew(new RecordId("c", 1)));
        Assert.False(filter.IsNew(new RecordId("a", 1)));
        Assert.True(filter.IsNew(new RecordId("b", 1)));
    }

    [Theory]
    [InlineData("d:1f", true)]
    [InlineData("d:", false)]
    [InlineData(":1", false)]
    [InlineData("d:x", false)]
    [InlineData("d:ffffffffffffffff", false)]
    [InlineData(null, false)]
    public void An_id_is_read_as_it_was_written(string? text, bool good)
    {
        Assert.Equal(good, RecordId.TryParse(text, out var id));
        if (good) Assert.Equal(text, id.ToString());
    }

    [Fact]
    public void A_message_is_told_by_its_property_and_one_without_is_new()
    {
        var filter = new RepeatFilter();
        var message = new Hybrid.Edge.Mqtt.MqttMessage { Topic = "t", UserProperties = [new("other", "x"), new(RecordId.Property, "d:1")] };
        Assert.Equal([true, false, true, true], [filter.IsNew(message), filter.IsNew(message), filter.IsNew(message with { UserProperties = [] }), filter.IsNew(message with { UserProperties = [] })]);
    }
}
