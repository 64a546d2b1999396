using Hybrid.Accounting;
using Hybrid.Accounting.Budgets;
using Hybrid.Policy;
using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.Tests.Accounting.Budgets;

public sealed class BudgetRequestTests : IDisposable
{
    private readonly BudgetFolder _folder = new();
    private readonly PricedTarget _paid = new("paid");
    private readonly PricedTarget _free = new("free", 0);
    private readonly List<RequestReceipt> _receipts = [];

    public BudgetRequestTests()
    {
        _paid.Descriptor = _paid.Descriptor with { Quality = 1 };
        _free.Descriptor = _free.Descriptor with { Quality = 0 };
    }

    public void Dispose() => _folder.Dispose();

    private static ChatOptions Short => new() { MaxOutputTokens = 100 };

    [Fact]
    public async Task A_request_of_its_own_budget_takes_what_it_can_pay()
    {
        using var client = Client(null, _paid, _free);
        await client.GetResponseAsync("Hi", Short.WithBudget(dollars: 0.11));
        await client.GetResponseAsync("Hi", Short.WithBudget(dollars: 0.09));
        Assert.Equal((1, 1), (_paid.Received.Count, _free.Received.Count));
        Assert.Equal(100, Assert.Single(_receipts[0].Segments).Reserved!.OutputTokens);
        Assert.Null(Assert.Single(_receipts[1].Segments).Reserved);

        using var alone = Client(null, _paid);
        var error = await Assert.ThrowsAsync<HybridException>(() => alone.GetResponseAsync("Hi", Short.WithBudget(dollars: 0.09)));
        Assert.Equal(HybridError.BudgetExceeded, error.Error);
        Assert.Contains("predicted $0.1 is above the $0.09 left in the budget", error.Message, StringComparison.Ordinal);
        Assert.Equal(Wall.Budget, Assert.Single(((Decision)error.Data[HybridUpdateKeys.Decision]!).Targets[0].Walls).Wall);
        Assert.Single(_paid.Received);
    }

    [Fact]
    public async Task What_could_cost_more_than_is_left_is_not_sent_though_less_is_expected()
    {
        // 128 tokens are expected and 4096 are possible.
        using var client = Client(null, _paid);
        var error = await Assert.ThrowsAsync<HybridException>(() => client.GetResponseAsync("Hi", new ChatOptions().WithBudget(dollars: 1)));
        Assert.Equal(HybridError.BudgetExceeded, error.Error);
        Assert.Contains("Nothing was delivered. not asked: paid: it could cost $4.1 and $1 is left of the request's budget.", error.Message, StringComparison.Ordinal);
        Assert.Empty(_paid.Received);
        Assert.Equal("paid: it could cost $4.1 and $1 is left of the request's budget", Assert.Single(Assert.Single(_receipts).PassedOver));
        Assert.Equal((RequestFinish.Failed, HybridError.BudgetExceeded), (_receipts[0].Finish, _receipts[0].Error));
    }

    [Fact]
    public async Task An_answer_without_a_limit_gets_one_and_the_receipt_says_so()
    {
        await using var ledger = _folder.Open(new() { DollarsPerDay = 100 });
        using var client = Client(ledger, _paid);
        await client.GetResponseAsync("Hi");
        Assert.Equal(4096, Assert.Single(_paid.Received).MaxTokens);
        var reserved = _receipts[0].Segments[0].Reserved!;
        Assert.True(reserved.LimitAdded);
        Assert.Equal(4.096, reserved.Dollars, 6);
        Assert.Equal("$4.1 and 0 g CO2e were reserved for at most 4096 tokens of answer, a limit that the budget needs, since the request sets none", reserved.ToString());
        Assert.Contains("a limit that the budget needs", _receipts[0].ToJson(), StringComparison.Ordinal);
        Assert.Equal(99.91, ledger.Left().Dollars!.Value, 9);

        _paid.Descriptor = _paid.Descriptor with { ContextLength = 1000 };
        await client.GetResponseAsync("Hi");
        var asked = _paid.Received.Last();
        Assert.Equal(1000 - _receipts[1].Decision.Profile.InputTokens, asked.MaxTokens);

        using var brief = new HybridChatClient([_paid], new() { Budgets = ledger, TimeProvider = _folder.Time, Policy = PolicyPresets.Balanced with { OutputTokensBound = 50 } });
        var response = await brief.GetResponseAsync("Hi");
        Assert.Equal((50, ChatFinishReason.Length), (response.Text.Length, response.FinishReason));
    }

    [Fact]
    public async Task What_costs_nothing_is_neither_limited_nor_reserved()
    {
        await using var ledger = _folder.Open(new() { DollarsPerDay = 0 });
        using var client = Client(ledger, _free);
        await client.GetResponseAsync("Hi");
        Assert.Null(Assert.Single(_free.Received).MaxTokens);
        Assert.Null(_receipts[0].Segments[0].Reserved);
        Assert.Equal(0, ledger.Flushes);
    }

    [Fact]
    public async Task A_standby_needs_room_of_its_own()
    {
        // The first fails at 3 cents of 11. The second would cost 7 for the rest of the answer, and for reading it all again up to 3 more.
        var fails = new PricedTarget("fails") { FailAfter = 30 };
        fails.Descriptor = fails.Descriptor with { Quality = 1 };
        _paid.Descriptor = _paid.Descriptor with { DollarsPerMillionInputTokens = 100 };
        await using var ledger = _folder.Open(new() { DollarsPerDay = 1 });
        using var client = Client(ledger, fails, _paid, _free);
        var answer = await client.GetResponseAsync("Hi", Short.WithBudget(dollars: 0.11));
        Assert.Equal(100, answer.Text.Length);
        Assert.Empty(_paid.Received);
        var receipt = Assert.Single(_receipts);
        Assert.Equal(["fails", "free"], receipt.Segments.Select(segment => segment.Target));
        Assert.Contains("paid: it could cost $0.101 and $0.08 is left of the request's budget", Assert.Single(receipt.PassedOver), StringComparison.Ordinal);
        Assert.Equal(1 - receipt.Dollars, ledger.Left().Dollars!.Value, 9);
    }

    [Fact]
    public async Task More_than_was_reserved_counts_in_full_and_is_told()
    {
        var deaf = new PricedTarget("deaf") { Heeds = false, Tokens = 300 };
        await using var ledger = _folder.Open(new() { DollarsPerDay = 1 });
        using var client = Client(ledger, deaf);
        await client.GetResponseAsync("Hi", Short);
        Assert.True(_receipts[0].Segments[0].Reserved!.Exceeded);
        Assert.EndsWith("the attempt took more", _receipts[0].Segments[0].Reserved!.ToString(), StringComparison.Ordinal);
        Assert.Equal(0.899, ledger.Left().Dollars!.Value, 9); // it is cut off, but what came counts
        Assert.Single(_folder.Log, line => line.StartsWith("1325 Warning: Target 'deaf' took $0.101", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_should_have_cost_nothing_and_did_counts_too()
    {
        await using (var ledger = _folder.Open(new() { GramsPerDay = 10 }))
        {
            var budget = RequestBudget.Of(ledger, new RequestProfile { Tenant = "a" }, _folder.Time)!;
            var held = await budget.TakeAsync(new(_free.Descriptor, _free.State), Streaming.Conducting.Request, 5, 100, default);
            Assert.Null(held.Refusal);
            var receipt = budget.Settle(held, new() { Target = "free", Model = "m", Zone = Zone.Device, Grams = 4 });
            Assert.Equal(new(null, 6), ledger.Left());
            Assert.StartsWith("nothing was reserved", receipt.Reserved!.ToString(), StringComparison.Ordinal);
        }

        await using var next = _folder.Open(new() { GramsPerDay = 10 });
        Assert.Equal(new(null, 6), next.Left());
    }

    [Fact]
    public async Task Grams_are_reserved_by_the_same_model_that_the_receipt_settles_with()
    {
        var server = new PricedTarget("server", 0);
        server.Descriptor = server.Descriptor with { Zone = Zone.Public, ParametersBillions = 70 }; // its watts are not stated
        await using var ledger = _folder.Open(new() { GramsPerDay = 100 });
        using var client = Client(ledger, server);
        await client.GetResponseAsync("Hi", Short.WithPrivacy(PrivacyClass.Public));
        var segment = _receipts[0].Segments[0];
        Assert.True(segment.Grams > 0);
        Assert.Equal(segment.Grams / 90 * 100, segment.Reserved!.Grams, 6);
        Assert.False(segment.Reserved.Exceeded);
        Assert.Equal(100 - segment.Grams, ledger.Left().Grams!.Value, 8);
    }

    [Fact]
    public async Task A_tenant_pays_for_itself_and_into_the_app()
    {
        await using var ledger = _folder.Open(new() { DollarsPerDay = 0.25 }, new() { DollarsPerDay = 0.15 });
        using var client = Client(ledger, _paid, _free);
        foreach (var tenant in new[] { "a", "a", "b", "c" }) await client.GetResponseAsync("Hi", Short.WithTenant(tenant));
        Assert.Equal(["paid", "free", "paid", "free"], _receipts.Select(receipt => receipt.Segments[0].Target));
        Assert.Equal("a", _receipts[0].Decision.Profile.Tenant);
        Assert.Equal(0.06, ledger.Left("a").Dollars!.Value, 9);
        Assert.Equal(0.07, ledger.Left("c").Dollars!.Value, 9);
        Assert.Equal(0.06, client.Decide([new(ChatRole.User, "Hi")], Short.WithTenant("a")).Profile.DollarsLeft!.Value, 9);
    }

    [Fact]
    public async Task Who_stops_reading_frees_what_was_not_used()
    {
        await using var ledger = _folder.Open(new() { DollarsPerDay = 1 });
        using var client = Client(ledger, _paid);
        await foreach (var update in client.GetStreamingResponseAsync("Hi", Short))
        {
            Assert.Equal(0.9, ledger.Left().Dollars!.Value, 6);
            break;
        }

        Assert.Equal(1 - _receipts[0].Dollars, ledger.Left().Dollars!.Value, 9);
        Assert.InRange(_receipts[0].Dollars, 0.001, 0.01);
        using var cancelled = new CancellationTokenSource();
        var stops = new PricedTarget("stops") { OnToken = cancelled.Cancel };
        using var other = Client(ledger, stops);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => other.GetResponseAsync("Hi", Short, cancelled.Token));
        Assert.Equal(1 - _receipts.Sum(receipt => receipt.Dollars), ledger.Left().Dollars!.Value, 9);
    }

    [Fact]
    public async Task Time_is_reserved_to_the_deadline()
    {
        var hourly = new PricedTarget("hourly", 0) { OnToken = () => _folder.Time.Advance(TimeSpan.FromMilliseconds(100)) };
        hourly.Descriptor = hourly.Descriptor with { DollarsPerHour = 36, ActiveWatts = 1000, GramsPerKilowattHour = 3600 }; // a cent and a gram each second
        await using var ledger = _folder.Open(new() { DollarsPerDay = 10, GramsPerDay = 1000 });
        using var client = Client(ledger, hourly);
        await client.GetResponseAsync("Hi", Short.WithDeadline(TimeSpan.FromSeconds(20)));
        var segment = _receipts[0].Segments[0];
        Assert.Equal((0.2, 20.0), (Math.Round(segment.Reserved!.Dollars, 6), Math.Round(segment.Reserved.Grams, 6)));
        Assert.InRange(segment.Dollars, 0.08, 0.1);
        Assert.Equal(10 - segment.Dollars, ledger.Left().Dollars!.Value, 8);
        Assert.Equal(1000 - segment.Grams, ledger.Left().Grams!.Value, 8);
    }

    [Fact]
    public async Task A_cold_target_is_reserved_with_its_waking()
    {
        var cold = new PricedTarget("cold") { State = new(TargetReadiness.Cold) };
        cold.Descriptor = cold.Descriptor with { IdleDollarsPerHour = 3.6, ColdStart = TimeSpan.FromSeconds(10), StaysWarm = TimeSpan.FromSeconds(90) };
        using var client = Client(null, cold);
        await client.GetResponseAsync("Hi", Short.WithBudget(dollars: 1));
        Assert.Equal(0.2, _receipts[0].Segments[0].Reserved!.Dollars, 6);
        Assert.Equal(0.19, _receipts[0].Dollars, 6);
    }

    [Theory]
    [InlineData("Hello, world! How are you?")]
    [InlineData("日本語のテキスト🙂🙂")]
    [InlineData("")]
    public void No_prompt_has_more_tokens_than_its_bound(string text)
    {
        var request = new DecodeRequest { Prompt = new MessagesPrompt([new("system", text), new("user", text)]), Continuation = text };
        var bound = BudgetBound.InputTokens(request, 0, int.MaxValue);
        Assert.InRange(bound, (3 * System.Text.Encoding.UTF8.GetByteCount(text)) + 256, int.MaxValue);
        Assert.Equal(bound + 500, BudgetBound.InputTokens(request with { ContinuationTokens = new("v", new int[System.Text.Encoding.UTF8.GetByteCount(text) + 500]) }, 0, int.MaxValue));
        Assert.Equal(100, BudgetBound.InputTokens(request, 0, 100));
        Assert.Equal(9999, BudgetBound.InputTokens(request, 9999, int.MaxValue));
    }

    [Fact]
    public async Task A_restart_keeps_what_clients_spent()
    {
        await using (var ledger = _folder.Open(new() { DollarsPerMonth = 0.2 }))
        {
            using var client = Client(ledger, _paid);
            await client.GetResponseAsync("Hi", Short);
        }

        await using (var ledger = _folder.Open(new() { DollarsPerMonth = 0.2 }))
        {
            using var client = Client(ledger, _paid);
            Assert.Equal(0.11, ledger.Left().Dollars!.Value, 9);
            await client.GetResponseAsync("Hi", Short);
            Assert.Equal(HybridError.BudgetExceeded, (await Assert.ThrowsAsync<HybridException>(() => client.GetResponseAsync("Hi", Short))).Error);
            _folder.Time.Advance(TimeSpan.FromDays(31));
            await client.GetResponseAsync("Hi", Short);
        }
    }

    [Fact]
    public async Task A_file_that_cannot_be_written_leaves_the_targets_that_cost_nothing()
    {
        var ledger = _folder.Open(new() { DollarsPerDay = 1 });
        await ledger.DisposeAsync();
        using var client = Client(ledger, _paid, _free);
        await client.GetResponseAsync("Hi", Short);
        Assert.Empty(_paid.Received);
        using var alone = Client(ledger, _paid);
        Assert.Equal(HybridError.Storage, (await Assert.ThrowsAsync<HybridException>(() => alone.GetResponseAsync("Hi", Short))).Error);
    }

    private HybridChatClient Client(BudgetLedger? ledger, params PricedTarget[] targets) =>
        new(targets, new() { Budgets = ledger, TimeProvider = _folder.Time, Policy = PolicyPresets.Balanced with { DollarsPerQualityPoint = 1 }, OnReceipt = _receipts.Add });
}
