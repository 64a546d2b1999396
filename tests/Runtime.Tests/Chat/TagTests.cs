using Hybrid.Policy;
using Microsoft.Extensions.AI;

namespace Hybrid.Tests.Chat;

public class TagTests
{
    private readonly ScriptedTarget _target = new("device", [.. Enumerable.Repeat("a", 20)]);

    [Fact]
    public async Task Answers_of_a_tag_teach_how_long_its_next_ones_are()
    {
        using var client = new HybridChatClient([_target], new() { Policy = PolicyPresets.Balanced with { LatencyQuantile = 0.9 }, TimeProvider = new ManualTimeProvider() });
        var summary = new ChatOptions().WithTag("summary");
        Assert.Equal((128, null, "summary"), Expected(summary));
        for (var i = 0; i < 8; i++)
            await client.GetResponseAsync("Hi", summary);

        Assert.Equal((20, 20, "summary"), Expected(summary));
        Assert.Equal((5, 5, "summary"), Expected(new ChatOptions { MaxOutputTokens = 5 }.WithTag("summary")));
        Assert.Equal((20, 20, "summary"), Expected(new ChatOptions { MaxOutputTokens = 500 }.WithTag("summary")));
        Assert.Equal((128, null, "other"), Expected(new ChatOptions().WithTag("other")));
        Assert.Equal((128, null, null), Expected(new()));
        Assert.Equal((500, null, null), Expected(new() { MaxOutputTokens = 500 }));

        (int, int?, string?) Expected(ChatOptions options)
        {
            var profile = client.Decide([new(ChatRole.User, "Hi")], options).Profile;
            return (profile.ExpectedOutputTokens, profile.OutputTokensAtQuantile, profile.Tag);
        }
    }

    [Fact]
    public async Task A_limit_still_asks_for_its_room()
    {
        _target.Descriptor = _target.Descriptor with { ContextLength = 100 };
        using var client = new HybridChatClient([_target], new() { TimeProvider = new ManualTimeProvider(), Policy = PolicyPresets.Balanced with { ExpectedOutputTokens = 10 } });
        var tagged = new ChatOptions().WithTag("t");
        for (var i = 0; i < 8; i++)
            await client.GetResponseAsync("Hi", tagged);
        Assert.NotNull(client.Decide([new(ChatRole.User, "Hi")], tagged).Chosen);
        Assert.Null(client.Decide([new(ChatRole.User, "Hi")], new ChatOptions { MaxOutputTokens = 500 }.WithTag("t")).Chosen);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(65)]
    public async Task A_tag_has_1_to_64_characters(int length)
    {
        using var client = new HybridChatClient([_target]);
        var error = await Assert.ThrowsAsync<HybridException>(() => client.GetResponseAsync("Hi", new ChatOptions().WithTag(new('x', length))));
        Assert.Equal(HybridError.InvalidRequest, error.Error);
        Assert.Empty(_target.Received);
    }
}
