using System.Diagnostics;
using System.Text;
using Hybrid.Configuration;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Models;
using Hybrid.Models.Prefetch;
using Hybrid.Models.Store;

namespace Hybrid.Cli.Models;

/// <summary>What <c>hybrid models prefetch</c> does and says.</summary>
internal static class PrefetchNow
{
    private const int ReadThreads = 4;

    /// <summary>Reads a model's files, and loads it once where that is asked for.</summary>
    public static async Task<PrefetchedNow> BringAsync(ModelSettings settings, ModelName name, PrefetchLevel level, CancellationToken cancellationToken)
    {
        if (level is not (PrefetchLevel.Primed or PrefetchLevel.Loaded)) throw new HybridException(HybridError.InvalidRequest, $"--level: use primed or loaded; 'hybrid models pull' fetches.");
        var files = new ModelFiles(() => settings.Store);
        var location = ModelLocation.Prefix + name;
        var began = Stopwatch.GetTimestamp();
        using var lease = await files.LeaseAsync(location, cancellationToken);
        var model = new PrefetchedModel(name.ToString(), location, files);
        await model.PrimeAsync(ReadThreads, cancellationToken);
        if (level == PrefetchLevel.Loaded)
        {
            var load = new LlamaEngineOptions { ModelPath = lease!.Path, NativePath = settings.Options.Local?.LlamaPath };
            await using var engine = await LlamaEngine.LoadAsync(load, cancellationToken: cancellationToken);
        }

        var resident = PageCache.ResidentShare(files.BytesOf(location));
        return new(name.ToString(), Word(level), Math.Round(Stopwatch.GetElapsedTime(began).TotalSeconds, 3), model.FileBytes, resident is { } share ? Math.Round(share, 3) : null);
    }

    /// <summary>What is configured and was learned, as it would be acted on in a day.</summary>
    public static PrefetchPlan Plan(ModelSettings settings, TimeProvider time)
    {
        var models = settings.Options.Models ?? new();
        var kept = StateFile.Read(models.PrefetchState, out var problem) ?? new KeptState();
        var options = models.Prefetch ?? new();
        var changes = PrefetchOutlook.Foresee(options.Models.Select(rule => rule.Model), options, kept, time.GetUtcNow(), TimeSpan.FromHours(24), time.LocalTimeZone);
        return new(models.Prefetch is not null, models.PrefetchState, problem, [.. changes.Select(one => new PlannedChange(one.At, one.Wish.Model, Word(one.Wish.Level), Math.Round(one.Wish.Chance, 3), one.Wish.Why))]);
    }

    public static string Text(PrefetchedNow done) =>
        $"Model '{done.Name}' is {(done.Level == "loaded" ? "in the page cache, and loads" : "in the page cache")}: {ByteSize.Text(done.Bytes)} in {done.Seconds:0.0} s{(done.ResidentShare is { } share ? $", {share * 100:0} % of it is in memory" : "")}.\n";

    public static string Text(PrefetchPlan plan)
    {
        var text = new StringBuilder();
        if (!plan.Configured) text.AppendLine("Nothing is kept near: Hybrid:Models:Prefetch is not configured. This is what its defaults would do.");
        if (plan.Problem is not null) text.AppendLine($"What was learned cannot be read from '{plan.State}': {plan.Problem}");
        if (plan.Changes.Count == 0) text.AppendLine("No model is expected to be used in the next 24 hours.");
        foreach (var change in plan.Changes) text.AppendLine($"{change.At.ToLocalTime():ddd HH:mm}  {change.Model}  {(change.Level == "none" ? "let go" : change.Level)}: {change.Why}");
        return text.ToString();
    }

    private static string Word(PrefetchLevel level) => level.ToString().ToLowerInvariant();
}
