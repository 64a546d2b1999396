using System.Collections.Concurrent;
using Hybrid.Accounting;
using Hybrid.Accounting.Budgets;
using Hybrid.Policy;
using Microsoft.Extensions.AI;

namespace Hybrid.Tests.Accounting.Budgets;

public sealed class BudgetConcurrencyTests : IDisposable
{
    private const int Requests = 64;
    private readonly BudgetFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Sixty_four_at_once_never_overspend_and_the_rest_are_refused(bool onDisk)
    {
        // Each may cost 10 cents and costs 9: ten fit into $1.05 while they run, and none of the others while those run.
        await using var ledger = Open(onDisk, new() { DollarsPerDay = 1.05 });
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var waiting = Requests;
        void Arrived()
        {
            if (Interlocked.Decrement(ref waiting) == 0) gate.SetResult();
        }

        var paid = new PricedTarget("paid") { Gate = gate.Task, OnReceived = Arrived };
        var ended = await AskAsync(ledger, [paid], Arrived);
        Assert.Equal(10, paid.Received.Count);
        Assert.Equal(10, ended.Count(one => one.Response is not null));
        Assert.Equal(Requests - 10, ended.Count(one => one.Error?.Error == HybridError.BudgetExceeded));
        Assert.Equal(0.9, Spent(ended), 9);
        Assert.Equal(1.05 - 0.9, ledger.Left().Dollars!.Value, 9);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_finds_no_room_gets_the_next_target(bool onDisk)
    {
        await using var ledger = Open(onDisk, new() { DollarsPerMonth = 2, DollarsPerHour = 1.05 });
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var waiting = Requests;
        void Arrived()
        {
            if (Interlocked.Decrement(ref waiting) == 0) gate.SetResult();
        }

        var paid = new PricedTarget("paid") { Gate = gate.Task, OnReceived = Arrived };
        var free = new PricedTarget("free", 0) { Gate = gate.Task, OnReceived = Arrived };
        paid.Descriptor = paid.Descriptor with { Quality = 1 };
        free.Descriptor = free.Descriptor with { Quality = 0 };
        var ended = await AskAsync(ledger, [paid, free], () => { });
        Assert.All(ended, one => Assert.Equal(90, one.Response!.Text.Length));
        Assert.Equal((10, Requests - 10), (paid.Received.Count, free.Received.Count));
        Assert.Equal(0.9, Spent(ended), 9);
    }

    [Fact]
    public async Task Two_hundred_waves_of_tenants_fill_every_limit_and_pass_none()
    {
        const long Cent = 10_000_000; // billionths
        await using var ledger = BudgetLedger.Open(new() { App = new() { DollarsPerDay = 1 }, EachTenant = new() { DollarsPerHour = 0.4 } }, new ManualTimeProvider());
        var held = new long[5]; // the app and four tenants, what they spent included
        long[] most = new long[5];
        using var wave = new Barrier(Requests, _ =>
        {
            for (var i = 0; i < held.Length; i++) most[i] = Math.Max(most[i], held[i]);
        });
        var threads = Enumerable.Range(0, Requests).Select(thread => new Thread(() =>
        {
            var random = new Random(thread);
            var tenant = 1 + (thread % 4);
            for (var round = 0; round < 200; round++)
            {
                var amount = new BudgetAmount(random.Next(1, 15) * Cent, 0);
                var answer = ledger.ReserveAsync($"t{tenant}", amount, default).AsTask().GetAwaiter().GetResult();
                if (answer.Reservation is not null) Hold(tenant, amount.Dollars);
                wave.SignalAndWait();
                if (answer.Reservation is not { } reservation) continue;
                var actual = new BudgetAmount(random.NextInt64(Cent / 100), 0);
                Hold(tenant, actual.Dollars - amount.Dollars);
                ledger.Settle(reservation, actual);
            }
        })).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => Assert.True(thread.Join(Streaming.Conducting.Hang)));

        Assert.InRange(most[0], 90 * Cent, 100 * Cent);
        for (var tenant = 1; tenant < 5; tenant++)
        {
            Assert.InRange(most[tenant], 30 * Cent, 40 * Cent);
            Assert.Equal(Math.Min(100 * Cent - held[0], 40 * Cent - held[tenant]) / 1e9, ledger.Left($"t{tenant}").Dollars!.Value, 9);
        }

        void Hold(int tenant, long dollars)
        {
            Interlocked.Add(ref held[0], dollars);
            Interlocked.Add(ref held[tenant], dollars);
        }
    }

    private static double Spent(IEnumerable<(ChatResponse? Response, HybridException? Error)> ended) =>
        ended.Sum(one => ((RequestReceipt?)one.Response?.AdditionalProperties![HybridUpdateKeys.Receipt])?.Dollars ?? 0);

    private BudgetLedger Open(bool onDisk, BudgetLimits limits) => onDisk
        ? _folder.Open(limits)
        : BudgetLedger.Open(new() { App = limits }, _folder.Time);

    private async Task<IReadOnlyCollection<(ChatResponse? Response, HybridException? Error)>> AskAsync(BudgetLedger ledger, PricedTarget[] targets, Action refused)
    {
        using var client = new HybridChatClient(targets, new() { Budgets = ledger, TimeProvider = _folder.Time, Policy = PolicyPresets.Balanced with { DollarsPerQualityPoint = 1 } });
        using var start = new Barrier(Requests);
        ConcurrentBag<(ChatResponse?, HybridException?)> ended = [];
        var threads = Enumerable.Range(0, Requests).Select(_ => new Thread(() =>
        {
            start.SignalAndWait();
            try
            {
                ended.Add((client.GetResponseAsync("Hi", new() { MaxOutputTokens = 100 }).GetAwaiter().GetResult(), null));
            }
            catch (HybridException error)
            {
                refused();
                ended.Add((null, error));
            }
        })).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        await Task.Run(() => Array.ForEach(threads, thread => Assert.True(thread.Join(Streaming.Conducting.Hang))));
        return ended;
    }
}
