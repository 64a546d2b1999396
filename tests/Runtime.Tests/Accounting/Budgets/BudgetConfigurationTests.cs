using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;
using Hybrid.Accounting.Budgets;
using Hybrid.Configuration;
using Hybrid.Targets;
using Hybrid.Tests.Configuration;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Hybrid.Tests.Accounting.Budgets;

public sealed class BudgetConfigurationTests : IDisposable
{
    private readonly BudgetFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_key_is_read()
    {
        var options = Read("""
            { "App": { "DollarsPerHour": 1, "DollarsPerDay": 5, "DollarsPerMonth": 50, "GramsPerHour": 0.5, "GramsPerDay": 2, "GramsPerMonth": 20 },
              "EachTenant": { "DollarsPerDay": 0 }, "Tenants": { "acme": { "GramsPerMonth": 100 } }, "Path": "b.log", "TimeZone": "Europe/Berlin" }
            """);
        Assert.Empty(options.Errors);
        var budgets = options.Budgets!;
        Assert.Equal(new() { DollarsPerHour = 1, DollarsPerDay = 5, DollarsPerMonth = 50, GramsPerHour = 0.5, GramsPerDay = 2, GramsPerMonth = 20 }, budgets.App);
        Assert.Equal((0, 100), (budgets.EachTenant!.DollarsPerDay, budgets.Tenants["Acme"].GramsPerMonth));
        Assert.Equal((Path.Combine(AppContext.BaseDirectory, "b.log"), "Europe/Berlin"), (budgets.Path, budgets.TimeZone.Id));
        Assert.Null(Read(null).Budgets);
    }

    [Theory]
    [InlineData("""{ "App": { "DollarsPerDay": -1 } }""", "Hybrid:Budgets:App:DollarsPerDay: -1 is out of range; use 0 to 1000000000")]
    [InlineData("""{ "Tenants": { "a": { "GramsPerHour": "NaN" } } }""", "Hybrid:Budgets:Tenants:a:GramsPerHour: NaN is out of range")]
    [InlineData("""{ "EachTenant": { "GramsPerMonth": "Infinity" } }""", "Hybrid:Budgets:EachTenant:GramsPerMonth: ")]
    [InlineData("""{ "EachTenant": { "DollarsPerYear": 1 } }""", "Hybrid:Budgets:EachTenant:DollarsPerYear: there is no such key")]
    [InlineData("""{ "App": 5 }""", "Hybrid:Budgets:App: '5' is a single value; a section is expected")]
    [InlineData("""{ "TimeZone": "Mars/Olympus" }""", "Hybrid:Budgets:TimeZone: this machine knows no time zone 'Mars/Olympus'")]
    [InlineData("""{ "Pth": "x" }""", "Hybrid:Budgets:Pth: there is no such key; did you mean Path?")]
    public void What_is_wrong_is_told_with_its_key(string budgets, string error) =>
        Assert.Contains(Read(budgets).Errors, one => one.StartsWith(error, StringComparison.Ordinal));

    [Fact]
    public void A_policy_bounds_answers_without_a_limit()
    {
        Assert.Equal(64, Read(null, "64").Policies["p"].OutputTokensBound);
        Assert.Equal(4096, Read(null, null).Policies["p"].OutputTokensBound);
        Assert.StartsWith("Hybrid:Policies:p:OutputTokensBound: 0 is out of range", Assert.Single(Read(null, "0").Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void By_hand_the_same_rules_hold()
    {
        var error = Assert.Throws<HybridException>(() => BudgetLedger.Open(new()
        {
            App = new() { DollarsPerDay = double.NaN },
            Tenants = new Dictionary<string, BudgetLimits> { ["a"] = new(), ["A"] = new(), [" "] = new() },
        }));
        Assert.Equal(HybridError.Configuration, error.Error);
        foreach (var part in new[] { "Budgets:App:DollarsPerDay: NaN is out of range", "the tenant is named twice", "the name is empty" })
            Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("hybrid.tenant", "")]
    [InlineData("hybrid.budget_dollars", -1.0)]
    [InlineData("hybrid.budget_grams", double.NaN)]
    [InlineData("hybrid.budget_dollars", 1)]
    public async Task A_request_with_a_wrong_budget_is_refused(string key, object value)
    {
        var target = new PricedTarget("paid");
        using var client = new HybridChatClient([target]);
        var options = new ChatOptions { AdditionalProperties = new() { [key] = value } };
        Assert.Equal(HybridError.InvalidRequest, (await Assert.ThrowsAsync<HybridException>(() => client.GetResponseAsync("Hi", options))).Error);
        Assert.Empty(target.Received);
    }

    [Fact]
    public async Task Memory_alone_is_warned_of_and_an_app_without_budgets_is_not()
    {
        await BudgetLedger.Open(new(), _folder.Time, _folder).DisposeAsync();
        Assert.Empty(_folder.Log);
        await BudgetLedger.Open(new() { App = new() { DollarsPerDay = 1 } }, _folder.Time, _folder).DisposeAsync();
        Assert.StartsWith("1321 Warning", Assert.Single(_folder.Log), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_configured_app_keeps_its_budget()
    {
        Dictionary<string, string?> settings = new()
        {
            ["Hybrid:Local:ModelPath"] = "model.gguf",
            ["Hybrid:Local:DollarsPerHour"] = "1",
            ["Hybrid:Budgets:App:DollarsPerDay"] = "5",
            ["Hybrid:Budgets:Path"] = _folder.Path,
        };
        for (var start = 0; start < 2; start++)
        {
            var services = new ServiceCollection().AddSingleton<ILocalTargetFactory>(new ScriptedEngine());
            using var provider = services.AddHybrid(new ConfigurationBuilder().AddInMemoryCollection(settings).Build()).BuildServiceProvider();
            await provider.GetRequiredService<IChatClient>().GetResponseAsync("Hi", new ChatOptions { MaxOutputTokens = 5 });
            Assert.InRange(provider.GetRequiredService<BudgetLedger>().Left().Dollars!.Value, 4.9, 5);
        }

        Assert.StartsWith(BudgetLine.Head, await File.ReadAllTextAsync(_folder.Path), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Limits_and_spending_are_metered_for_the_app_and_for_named_tenants()
    {
        var seen = new ConcurrentDictionary<string, double>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Name.StartsWith("hybrid.budget.", StringComparison.Ordinal)) self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => seen[Key(instrument, tags)] = value);
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => seen.AddOrUpdate(Key(instrument, tags), value, (_, sum) => sum + value));
        listener.Start();
        await using var ledger = BudgetLedger.Open(
            new() { Tenants = new Dictionary<string, BudgetLimits> { ["metered"] = new() { DollarsPerDay = 0.31 } }, EachTenant = new() { DollarsPerDay = 9 } }, _folder.Time);
        using var client = new HybridChatClient([new PricedTarget("metered-deaf") { Heeds = false, Tokens = 300 }], new() { Budgets = ledger, TimeProvider = _folder.Time });
        await client.GetResponseAsync("Hi", new ChatOptions { MaxOutputTokens = 100 }.WithTenant("metered"));
        await client.GetResponseAsync("Hi", new ChatOptions { MaxOutputTokens = 100 }.WithTenant("unmetered"));
        await Assert.ThrowsAsync<HybridException>(() => client.GetResponseAsync("Hi", new ChatOptions().WithBudget(dollars: 1)));
        listener.RecordObservableInstruments();
        Assert.Equal(0.101, seen["hybrid.budget.dollars_spent tenant:metered day"], 9); // cut off at its 101st token
        Assert.Equal(0.209, seen["hybrid.budget.dollars_left tenant:metered day"], 9);
        Assert.False(seen.ContainsKey("hybrid.budget.dollars_left tenant:metered hour")); // no limit
        Assert.DoesNotContain(seen.Keys, key => key.Contains("unmetered", StringComparison.Ordinal));
        Assert.Equal(2, seen["hybrid.budget.overruns metered-deaf"]);
        Assert.Equal(1, seen["hybrid.budget.refusals metered-deaf"]);

        static string Key(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var key = instrument.Name;
            foreach (var tag in tags) key += " " + tag.Value;
            return key;
        }
    }

    private static HybridOptions Read(string? budgets, string? bound = null)
    {
        Dictionary<string, string?> settings = new() { ["Hybrid:Local:ModelPath"] = "m.gguf", ["Hybrid:Policies:p:Base"] = "fast", ["Hybrid:Policies:p:OutputTokensBound"] = bound };
        using var json = new MemoryStream(Encoding.UTF8.GetBytes($$"""{ "Hybrid": { "Budgets": {{budgets ?? "null"}} } }"""));
        var options = new HybridOptions();
        new HybridOptionsReader(new ConfigurationBuilder().AddInMemoryCollection(settings).AddJsonStream(json).Build().GetSection("Hybrid")).Configure(options);
        return options;
    }
}
