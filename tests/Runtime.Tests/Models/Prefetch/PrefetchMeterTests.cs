using System.Diagnostics.Metrics;
using Hybrid.Models.Prefetch;

namespace Hybrid.Tests.Models.Prefetch;

/// <summary>Hits, misses and what was in vain are measured.</summary>
public class PrefetchMeterTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public Task Uses_and_wasted_bytes_are_counted_once() => Task.Run(async () =>
    {
        var name = $"metered-{Guid.NewGuid():N}";
        List<string> seen = [];
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name.StartsWith("hybrid.prefetch.", StringComparison.Ordinal)) listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            var all = tags.ToArray().ToDictionary(tag => tag.Key, tag => tag.Value?.ToString());
            if (all["model"] != name) return;
            string?[] words = [instrument.Name["hybrid.prefetch.".Length..], all.GetValueOrDefault("level"), all.GetValueOrDefault("result"), $"{value}"];
            lock (seen) seen.Add(string.Join(' ', words.OfType<string>()));
        });
        listener.Start();

        await using var world = new PrefetchWorld();
        var model = world.Add(name, bytes: 200, level: PrefetchLevel.None);
        world.Options = new() { Learn = false, Models = [new() { Model = name, Level = PrefetchLevel.Primed, From = TimeSpan.Zero, Until = TimeSpan.FromHours(1) }] };
        world.Ask(model, TimeSpan.FromSeconds(1)); // nothing was brought
        model.Remove();
        world.PassTo(Start.AddMinutes(30));
        world.Ask(model, TimeSpan.FromSeconds(1)); // primed
        world.Pass(TimeSpan.FromMinutes(1));
        world.Ask(model, TimeSpan.FromSeconds(1)); // the same session
        world.PassTo(Start.AddHours(2)); // primed again, and nobody came
        string[] expected = ["uses none miss 1", "fetched 100", "fetched 100", "steps fetched done 1", "steps primed done 1", "uses primed hit 1", "steps primed done 1", "steps primed done 1", "wasted primed 200"];
        lock (seen) Assert.Equal(expected, seen);

        // Fetched, and for a week not used.
        seen.Clear();
        model.Remove();
        world.PassTo(Start.AddDays(1).AddMinutes(30));
        world.PassTo(Start.AddDays(9));
        lock (seen) Assert.Single(seen, line => line.StartsWith("wasted fetched", StringComparison.Ordinal));
    });
}
