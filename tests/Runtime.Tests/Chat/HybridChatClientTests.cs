using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.Tests.Chat;

public class HybridChatClientTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly ScriptedTarget _target = new("device", "Hello", ",", " world")
    {
        Figures = new() { Finish = DecodeFinish.Stop, PromptTokens = 12, CachedTokens = 5 },
    };

    [Fact]
    public async Task Every_update_says_who_the_first_why_the_last_how_it_ended()
    {
        using var client = Client(_target);
        List<ChatResponseUpdate> updates = [];
        await foreach (var update in client.GetStreamingResponseAsync("Hi")) updates.Add(update);

        Assert.Equal(4, updates.Count);
        Assert.Equal("Hello, world", string.Concat(updates.Select(update => update.Text)));
        Assert.All(updates, update =>
        {
            Assert.Equal(updates[0].ResponseId, update.ResponseId);
            Assert.Equal(updates[0].MessageId, update.MessageId);
            Assert.Equal(ChatRole.Assistant, update.Role);
            Assert.Equal("device-model", update.ModelId);
            Assert.Equal(_time.GetUtcNow(), update.CreatedAt);
            Assert.Equal("device", update.AdditionalProperties![HybridUpdateKeys.Target]);
        });
        Assert.NotEmpty(updates[0].ResponseId!);
        Assert.Equal("device", Assert.IsType<Decision>(updates[0].AdditionalProperties![HybridUpdateKeys.Decision]).Chosen!.Name);
        Assert.All(updates.Skip(1), update => Assert.False(update.AdditionalProperties!.ContainsKey(HybridUpdateKeys.Decision)));
        Assert.All(updates.SkipLast(1), update => Assert.Null(update.FinishReason));

        var last = updates[^1];
        Assert.Equal(ChatFinishReason.Stop, last.FinishReason);
        var usage = Assert.IsType<UsageContent>(Assert.Single(last.Contents)).Details;
        Assert.Equal((12, 5, 3, 15), (usage.InputTokenCount, usage.CachedInputTokenCount, usage.OutputTokenCount, usage.TotalTokenCount));
        Assert.Equal(updates[0].ResponseId, Assert.IsType<RequestReceipt>(last.AdditionalProperties![HybridUpdateKeys.Receipt]).Id);
    }

    [Fact]
    public async Task The_whole_response_is_the_streamed_one_collected()
    {
        using var client = Client(_target);
        var response = await client.GetResponseAsync("Hi", new() { MaxOutputTokens = 2 });
        var message = Assert.Single(response.Messages);
        Assert.Equal("Hello,", message.Text);
        Assert.Equal(ChatFinishReason.Length, response.FinishReason);
        Assert.Equal("device-model", response.ModelId);
        Assert.Equal(12, response.Usage!.InputTokenCount);
        Assert.IsType<Decision>(response.AdditionalProperties![HybridUpdateKeys.Decision]);
        Assert.IsType<RequestReceipt>(response.AdditionalProperties[HybridUpdateKeys.Receipt]);
    }

    [Fact]
    public async Task Options_reach_the_target_and_are_not_changed()
    {
        using var client = Client(_target);
        var options = new ChatOptions
        {
            Temperature = 0.2f,
            TopK = 7,
            TopP = 0.5f,
            Seed = 42,
            MaxOutputTokens = 9,
            StopSequences = ["END"],
            FrequencyPenalty = 0.5f,
            PresencePenalty = -0.5f,
            Instructions = "Be brief.",
            ModelId = "device-model",
            ResponseFormat = ChatResponseFormat.Text,
            Tools = [],
        };
        options.WithPrivacy(PrivacyClass.Secret).WithDeadline(TimeSpan.FromSeconds(30)).WithPolicy("fast").WithTarget("device").WithMinP(0.1f).WithRepetitionPenalty(1.1f);
        var count = options.AdditionalProperties!.Count;
        var response = await client.GetResponseAsync([new(ChatRole.System, "S"), new(ChatRole.User, [new TextContent("a"), new TextContent("b")]), new(ChatRole.Assistant, "c")], options);

        var sent = Assert.Single(_target.Received).Request;
        Assert.Equal(
            new() { Temperature = 0.2f, TopK = 7, TopP = 0.5f, MinP = 0.1f, RepetitionPenalty = 1.1f, FrequencyPenalty = 0.5f, PresencePenalty = -0.5f, Seed = 42 },
            sent.Sampling);
        Assert.Equal((9, PrivacyClass.Secret, _time.GetUtcNow() + TimeSpan.FromSeconds(30)), (sent.MaxTokens, sent.Privacy, sent.Deadline));
        Assert.Equal(["END"], sent.StopSequences);
        Assert.Equal(response.ResponseId, sent.Id);
        Assert.Equal(
            [new("system", "Be brief."), new("system", "S"), new("user", "ab"), new("assistant", "c")],
            Assert.IsType<MessagesPrompt>(sent.Prompt).Messages);
        Assert.Equal("fast", ((Decision)response.AdditionalProperties![HybridUpdateKeys.Decision]!).Policy);

        Assert.Equal(count, options.AdditionalProperties.Count);
        Assert.Equal(("Be brief.", 9, "END"), (options.Instructions, options.MaxOutputTokens, Assert.Single(options.StopSequences)));
    }

    [Fact]
    public async Task Unset_options_are_the_documented_defaults()
    {
        using var client = Client(_target);
        await client.GetResponseAsync("Hi");
        var sent = _target.Received[0].Request;
        Assert.Equal(SamplingOptions.Default, sent.Sampling);
        Assert.Equal((null, PrivacyClass.Internal, null), (sent.MaxTokens, sent.Privacy, sent.Deadline));
        Assert.Empty(sent.StopSequences);
    }

    [Fact]
    public async Task ModelId_and_pin_choose_the_target_and_nobody_stands_by()
    {
        var other = new ScriptedTarget("other", "x") { FailAfter = 0 };
        using var client = Client(_target, other);
        Assert.Equal("x", (await Client(_target, new ScriptedTarget("other", "x")).GetResponseAsync("Hi", new() { ModelId = "other-model" })).Text);
        await Assert.ThrowsAsync<HybridException>(() => client.GetResponseAsync("Hi", new() { ModelId = "other" }));
        await Assert.ThrowsAsync<HybridException>(() => client.GetResponseAsync("Hi", new ChatOptions().WithTarget("other")));
        Assert.Equal(2, other.Received.Count);
        Assert.Empty(_target.Received);
    }

    [Fact]
    public async Task A_request_that_nobody_may_take_is_refused_with_the_decision()
    {
        _target.Descriptor = _target.Descriptor with { Zone = Zone.Public };
        using var client = Client(_target);
        var error = await Assert.ThrowsAsync<HybridException>(() => client.GetResponseAsync("Hi"));
        Assert.Equal(HybridError.NoTargetAllowed, error.Error);
        Assert.Contains("leaves no target: device (internal requests may not be seen in zone public)", error.Message, StringComparison.Ordinal);
        Assert.Null(Assert.IsType<Decision>(error.Data[HybridUpdateKeys.Decision]).Chosen);
        Assert.Empty(_target.Received);
    }

    [Fact]
    public void Decide_tells_and_sends_nothing()
    {
        using var client = Client(_target);
        var decision = client.Decide([new(ChatRole.User, new string('x', 400))], new() { MaxOutputTokens = 33 });
        Assert.Equal("device", decision.Chosen!.Name);
        Assert.Equal((105, 33), (decision.Profile.PromptTokens, decision.Profile.ExpectedOutputTokens)); // 400/4 + 5 per message
        Assert.Equal(128, client.Decide([new(ChatRole.User, "x")]).Profile.ExpectedOutputTokens);
        Assert.Empty(_target.Received);
    }

    [Fact]
    public void A_given_estimator_counts()
    {
        using var client = new HybridChatClient([_target], new() { TokenEstimator = turns => turns.Count * 1000 });
        Assert.Equal(2000, client.Decide([new(ChatRole.User, "x")], new() { Instructions = "y" }).Profile.PromptTokens);
    }

    [Fact]
    public async Task What_was_measured_reaches_the_next_decision()
    {
        var slow = new ScriptedTarget("slow", [.. Enumerable.Repeat("x", 40)]) { OnToken = () => _time.Advance(TimeSpan.FromSeconds(2)) };
        List<RequestReceipt> receipts = [];
        using var client = new HybridChatClient([slow, _target], new() { TimeProvider = _time, OnReceipt = receipts.Add });
        Assert.Equal("slow", client.Decide([new(ChatRole.User, "x")]).Chosen!.Name);
        await client.GetResponseAsync("x");
        Assert.Equal("device", client.Decide([new(ChatRole.User, "x")]).Chosen!.Name);
        Assert.Equal(40, Assert.Single(receipts).OutputTokens);
    }

    [Fact]
    public void Services_are_itself_its_metadata_and_its_targets()
    {
        using var client = Client(_target);
        Assert.Same(client, client.GetService(typeof(IChatClient)));
        Assert.Same(client, client.GetService<HybridChatClient>());
        Assert.Equal("hybrid", client.GetService<ChatClientMetadata>()!.ProviderName);
        Assert.Same(_target, Assert.Single(client.GetService<IReadOnlyList<ITarget>>()!));
        Assert.Null(client.GetService(typeof(string)));
        Assert.Null(client.GetService(typeof(IChatClient), "key"));
        Assert.Throws<ArgumentNullException>(() => client.GetService(null!));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Targets_are_disposed_only_by_their_owner(bool owns)
    {
        var client = new HybridChatClient([_target], new() { OwnsTargets = owns });
        client.Dispose();
        client.Dispose();
        Assert.Equal(owns, _target.Disposed);
        Assert.Throws<ObjectDisposedException>(() => client.GetStreamingResponseAsync("Hi"));
    }

    [Fact]
    public async Task Arguments_and_a_cancelled_token_are_checked_first()
    {
        using var client = Client(_target);
        Assert.Throws<ArgumentNullException>(() => client.GetStreamingResponseAsync((IEnumerable<ChatMessage>)null!));
        await Assert.ThrowsAsync<ArgumentNullException>(() => client.GetResponseAsync((IEnumerable<ChatMessage>)null!));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.GetResponseAsync("Hi", null, new(canceled: true)));
        Assert.Empty(_target.Received);
    }

    [Fact]
    public void Targets_and_policies_made_by_hand_are_checked_all_at_once()
    {
        var bad = new ScriptedTarget("device", "x");
        bad.Descriptor = bad.Descriptor with { DollarsPerHour = double.NaN, PowerUsageEffectiveness = 0.9, Quality = 1.1, DecodeTokensPerSecond = 0 };
        var error = Assert.Throws<HybridException>(() => new HybridChatClient([_target, bad], new() { Policy = new() { Name = "p", DollarsPerSecond = -1 } }));
        Assert.Equal(HybridError.Configuration, error.Error);
        string[] expected = ["used twice", "DollarsPerHour: NaN", "PowerUsageEffectiveness: 0.9", "Quality: 1.1", "DecodeTokensPerSecond: 0", "policy 'p':DollarsPerSecond: -1"];
        Assert.All(expected, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
    }

    private HybridChatClient Client(params ITarget[] targets) => new(targets, new() { TimeProvider = _time });
}
