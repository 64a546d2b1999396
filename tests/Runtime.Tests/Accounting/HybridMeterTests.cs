using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Hybrid.Policy;
using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.Tests.Accounting;

public class HybridMeterTests
{
    [Fact]
    public async Task Requests_tokens_latencies_money_and_faults_are_metered_by_target()
    {
        var seen = new ConcurrentDictionary<string, double>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == "Hybrid") self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        listener.Start();

        var time = new ManualTimeProvider();
        void Second() => time.Advance(TimeSpan.FromSeconds(1));
        string[] answer = ["a", "b", "c", "d"];
        var a = new ScriptedTarget("metered-a", answer) { FailAfter = 3, HeldBack = 1, OnToken = Second };
        var b = new ScriptedTarget("metered-b", answer) { OnToken = Second };
        b.Descriptor = b.Descriptor with { DollarsPerHour = 3600, ActiveWatts = 1000, GramsPerKilowattHour = 3600 };
        using var client = new HybridChatClient([a, b], new() { TimeProvider = time, Policy = PolicyPresets.Balanced with { Name = "metered" } });
        await client.GetResponseAsync("x");
        await Assert.ThrowsAsync<HybridException>(() => client.GetResponseAsync("x", new ChatOptions().WithTarget("metered-a")));
        a.State = b.State = new(TargetReadiness.Unavailable);
        await Assert.ThrowsAsync<HybridException>(() => client.GetResponseAsync("x"));

        Assert.Equal(1, seen["hybrid.requests metered Stop"]);
        Assert.Equal(1, seen["hybrid.requests metered Failed"]);
        Assert.Equal(1, seen["hybrid.refusals metered"]);
        Assert.Equal(1, seen["hybrid.failovers metered-a TargetUnavailable"]);
        Assert.Equal(1, seen["hybrid.handovers metered-a metered-b Fault"]);
        Assert.True(seen["hybrid.handover_gap Fault"] >= 2); // a's third token was held back, b's first took as long; other tests may add to it
        Assert.Equal(6, seen["hybrid.tokens metered-a out"]);
        Assert.Equal(2, seen["hybrid.tokens metered-a wasted"]);
        Assert.Equal(2, seen["hybrid.tokens metered-b out"]); // the two that were not delivered yet
        Assert.Equal(1, seen["hybrid.time_to_first_token metered-b"]);
        Assert.Equal(1, seen["hybrid.time_per_output_token metered-b"]);
        Assert.Equal(2, seen["hybrid.cost metered-b"], 6);
        Assert.Equal(2, seen["hybrid.emissions metered-b"], 6); // 2 s at 1 g a second

        void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var key = instrument.Name;
            foreach (var tag in tags) key += " " + tag.Value;
            seen.AddOrUpdate(key, value, (_, sum) => sum + value);
        }
    }
}
