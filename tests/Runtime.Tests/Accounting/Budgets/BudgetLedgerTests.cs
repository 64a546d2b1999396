using Hybrid.Accounting.Budgets;

namespace Hybrid.Tests.Accounting.Budgets;

public sealed class BudgetLedgerTests : IDisposable
{
    private const long Dollar = 1_000_000_000;
    private readonly BudgetFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_is_left_is_the_least_of_all_windows_and_both_payers()
    {
        await using var ledger = BudgetLedger.Open(
            new()
            {
                App = new() { DollarsPerHour = 3, DollarsPerDay = 5, GramsPerMonth = 7 },
                EachTenant = new() { GramsPerDay = 2 },
                Tenants = new Dictionary<string, BudgetLimits> { ["acme"] = new() { DollarsPerMonth = 4 } },
            },
            _folder.Time);
        Assert.Equal(new(3, 7), ledger.Left());
        Assert.Equal(new(3, 2), ledger.Left("anybody"));
        Assert.Equal(new(3, 7), ledger.Left("ACME"));

        await Spend(ledger, 2.5, 1, "Acme");
        Assert.Equal(new(0.5, 6), ledger.Left());
        Assert.Equal(new(0.5, 6), ledger.Left("acme"));
        _folder.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(new(2.5, 6), ledger.Left());
        Assert.Equal(new(1.5, 6), ledger.Left("acme"));
        await Spend(ledger, 0, 1.5, "anybody");
        Assert.Equal(new(2.5, 0.5), ledger.Left("anybody"));
        Assert.Equal(new(2.5, 2), ledger.Left("somebody"));
        _folder.Time.Advance(TimeSpan.FromHours(23));
        Assert.Equal(new(3, 2), ledger.Left("anybody"));
        _folder.Time.Advance(TimeSpan.FromDays(30));
        Assert.Equal(new(3, 7), ledger.Left("acme"));
    }

    [Fact]
    public async Task A_reservation_takes_from_every_window_or_from_none()
    {
        await using var ledger = BudgetLedger.Open(new() { App = new() { DollarsPerHour = 1, DollarsPerMonth = 1.5 }, EachTenant = new() { DollarsPerDay = 0.5 } }, _folder.Time);
        var first = await ledger.ReserveAsync("a", new(Dollar / 2, 0), default);
        Assert.NotNull(first.Reservation);
        var second = await ledger.ReserveAsync("a", new(1, 0), default);
        Assert.Null(second.Reservation);
        Assert.Contains("$0 is left of tenant 'a''s day", second.Refusal, StringComparison.Ordinal);
        Assert.Equal(0.5, ledger.Left("b").Dollars);
        Assert.NotNull((await ledger.ReserveAsync("b", new(Dollar / 2, 0), default)).Reservation);
        Assert.Contains("$0 is left of the app's hour", (await ledger.ReserveAsync(null, new(1, 0), default)).Refusal, StringComparison.Ordinal);
        Assert.NotNull((await ledger.ReserveAsync(null, new(0, Dollar), default)).Reservation); // grams are not limited

        ledger.Settle(first.Reservation, new(Dollar / 4, 0));
        ledger.Settle(first.Reservation, default); // a second time changes nothing
        Assert.Equal(0.25, ledger.Left("a").Dollars);
        Assert.Equal(0.25, ledger.Left().Dollars);
    }

    [Fact]
    public async Task What_was_asked_before_midnight_belongs_to_that_day()
    {
        await using var ledger = BudgetLedger.Open(new() { App = new() { DollarsPerDay = 1, DollarsPerMonth = 1.2 } }, _folder.Time);
        _folder.Time.Advance(new TimeSpan(23, 59, 59));
        var late = (await ledger.ReserveAsync(null, new(Dollar, 0), default)).Reservation!;
        Assert.Equal(0, ledger.Left().Dollars);
        _folder.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(0.2, ledger.Left().Dollars!.Value, 9);
        ledger.Settle(late, new(Dollar / 2, 0));
        Assert.Equal(0.7, ledger.Left().Dollars!.Value, 9);
        await Spend(ledger, 0.1);
        Assert.Equal(0.6, ledger.Left().Dollars!.Value, 9);
    }

    [Fact]
    public async Task Midnight_is_that_of_the_configured_zone()
    {
        await using var ledger = BudgetLedger.Open(new() { App = new() { DollarsPerDay = 1 }, TimeZone = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin") }, _folder.Time);
        await Spend(ledger, 1);
        _folder.Time.Advance(new TimeSpan(22, 59, 59));
        Assert.Equal(0, ledger.Left().Dollars);
        _folder.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, ledger.Left().Dollars);
    }

    [Fact]
    public async Task A_restart_keeps_what_was_spent_and_counts_what_had_not_ended()
    {
        await using (var ledger = _folder.Open(new() { DollarsPerMonth = 10, GramsPerDay = 5 }, new() { DollarsPerDay = 4 }))
        {
            await Spend(ledger, 1, 2, "größe & co");
            Assert.NotNull((await ledger.ReserveAsync("größe & co", new(2 * Dollar, Dollar), default)).Reservation);
        }

        await using (var ledger = _folder.Open(new() { DollarsPerMonth = 10, GramsPerDay = 5 }, new() { DollarsPerDay = 4 }))
        {
            Assert.Equal(new(7, 2), ledger.Left());
            Assert.Equal(new(1, 2), ledger.Left("Größe & co"));
            Assert.Single(_folder.Log, line => line.StartsWith("1322 Information", StringComparison.Ordinal) && line.Contains("1 requests had not ended", StringComparison.Ordinal));
        }

        _folder.Time.Advance(TimeSpan.FromDays(1));
        await using (var ledger = _folder.Open(new() { DollarsPerMonth = 10, GramsPerDay = 5 }, new() { DollarsPerDay = 4 }))
        {
            Assert.Equal(new(7, 5), ledger.Left());
            Assert.Equal(new(4, 5), ledger.Left("größe & co"));
        }

        Assert.Single(_folder.Log); // the second restart found nothing open
    }

    [Fact]
    public async Task A_clock_that_goes_back_opens_no_window_again()
    {
        _folder.Time.Advance(TimeSpan.FromDays(1));
        await using (var ledger = _folder.Open(new() { DollarsPerDay = 1 })) await Spend(ledger, 0.75);
        using var earlier = new BudgetFolder();
        File.Copy(_folder.Path, earlier.Path);
        await using (var ledger = earlier.Open(new() { DollarsPerDay = 1 }))
        {
            Assert.Equal(0.25, ledger.Left().Dollars);
            await Spend(ledger, 0.25);
            Assert.Equal(0, ledger.Left().Dollars);
            earlier.Time.Advance(TimeSpan.FromHours(30));
            Assert.Equal(0, ledger.Left().Dollars);
        }

        Assert.Single(earlier.Log, line => line.StartsWith("1326 Warning", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Any_sequence_agrees_with_a_list_of_what_was_asked(int seed)
    {
        var random = new Random(seed);
        var (app, each) = (new BudgetLimits { DollarsPerHour = 2, DollarsPerDay = 6, DollarsPerMonth = 20, GramsPerDay = 5 }, new BudgetLimits { DollarsPerDay = 3, GramsPerHour = 1, GramsPerMonth = 9 });
        List<Asked> asked = [];
        List<Asked> open = [];
        var (admitted, refused, restarts) = (0, 0, 0);
        var ledger = _folder.Open(app, each, compactAt: 2000);
        for (var step = 0; step < 1500; step++)
        {
            var tenant = random.Next(3) switch { 0 => null, 1 => "a", _ => "b" };
            switch (random.Next(40))
            {
                case < 18:
                    var most = new BudgetAmount(random.NextInt64(Dollar), random.NextInt64(Dollar / 2));
                    var answer = await ledger.ReserveAsync(tenant, most, default);
                    var fits = most.Dollars <= Left(app, each, tenant).Dollars && most.Grams <= Left(app, each, tenant).Grams;
                    Assert.Equal(fits, answer.Reservation is not null);
                    if (answer.Reservation is { } reservation)
                    {
                        asked.Add(new(_folder.Time.GetUtcNow(), tenant, reservation) { Amount = most });
                        open.Add(asked[^1]);
                    }

                    _ = fits ? admitted++ : refused++;
                    break;
                case < 35 when open.Count > 0:
                    var ended = open[random.Next(open.Count)];
                    open.Remove(ended);
                    ended.Amount = new((long)(ended.Amount.Dollars * random.NextDouble() * 1.05), (long)(ended.Amount.Grams * random.NextDouble() * 1.05));
                    ledger.Settle(ended.Reservation, ended.Amount);
                    break;
                case < 39:
                    _folder.Time.Advance(TimeSpan.FromMinutes(random.Next(60)));
                    if (random.Next(20) == 0) _folder.Time.Advance(TimeSpan.FromDays(random.Next(12)));
                    break;
                default:
                    await ledger.DisposeAsync();
                    ledger = _folder.Open(app, each, compactAt: 2000);
                    open.Clear(); // they count as spent
                    restarts++;
                    break;
            }

            foreach (var who in new[] { null, "a", "b" })
            {
                var left = Left(app, each, who);
                Assert.Equal(new(BudgetAmount.Units(left.Dollars), BudgetAmount.Units(left.Grams)), ledger.Left(who));
            }
        }

        await ledger.DisposeAsync();
        Assert.InRange(admitted, 100, 1400);
        Assert.InRange(refused, 50, 1400);
        Assert.InRange(restarts, 10, 100);

        BudgetAmount Left(BudgetLimits ofApp, BudgetLimits ofEach, string? who)
        {
            var now = _folder.Time.GetUtcNow();
            Func<Asked, bool>[] windows =
            [
                one => one.At.Date == now.Date && one.At.Hour == now.Hour,
                one => one.At.Date == now.Date,
                one => (one.At.Year, one.At.Month) == (now.Year, now.Month),
            ];
            var (dollars, grams) = (BudgetAmount.NoLimit, BudgetAmount.NoLimit);
            for (var i = 0; i < windows.Length; i++)
            {
                Least(ofApp, asked.Where(windows[i]));
                if (who is not null) Least(ofEach, asked.Where(windows[i]).Where(one => one.Tenant == who));

                void Least(BudgetLimits limits, IEnumerable<Asked> those)
                {
                    if (limits.DollarsPer(i) is { } money) dollars = Math.Min(dollars, Math.Max(0, (long)(money * Dollar) - those.Sum(one => one.Amount.Dollars)));
                    if (limits.GramsPer(i) is { } emission) grams = Math.Min(grams, Math.Max(0, (long)(emission * Dollar) - those.Sum(one => one.Amount.Grams)));
                }
            }

            return new(dollars, grams);
        }
    }

    private static async Task Spend(BudgetLedger ledger, double dollars, double grams = 0, string? tenant = null)
    {
        var amount = BudgetAmount.Up(dollars, grams);
        var answer = await ledger.ReserveAsync(tenant, amount, default);
        Assert.NotNull(answer.Reservation);
        ledger.Settle(answer.Reservation, amount);
    }

    private sealed record Asked(DateTimeOffset At, string? Tenant, BudgetReservation Reservation)
    {
        public BudgetAmount Amount { get; set; }
    }
}
