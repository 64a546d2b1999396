using System.Globalization;
using Hybrid.Models.Catalogue;
using Hybrid.Models.Peers;
using Hybrid.Models.Prefetch;

namespace Hybrid.Configuration;

/// <summary>Reads where models are kept, where they come from and which are kept near.</summary>
internal static class ModelsReader
{
    private static readonly TimeSpan LongestAhead = TimeSpan.FromHours(1);

    public static ModelsOptions Read(SectionReader section)
    {
        var read = new ModelsOptions
        {
            Root = section.Text(nameof(ModelsOptions.Root)) is { } root ? Full(root) : null,
            Quota = section.Bytes(nameof(ModelsOptions.Quota)),
            Mirror = section.Text(nameof(ModelsOptions.Mirror)),
            Keys = section.Free(nameof(ModelsOptions.Keys)),
            RequireSigned = section.Flag(nameof(ModelsOptions.RequireSigned)) ?? false,
            Catalogue = section.Text(nameof(ModelsOptions.Catalogue)) is { } catalogue ? Full(catalogue) : null,
            Peers = section.Section(nameof(ModelsOptions.Peers)) is { } peers ? ReadPeers(peers) : null,
            Prefetch = section.Section(nameof(ModelsOptions.Prefetch)) is { } prefetch ? ReadPrefetch(prefetch) : null,
        };
        section.RefuseUnknown();
        if (read is { RequireSigned: true, Keys.Count: 0 })
            section.Error(nameof(ModelsOptions.RequireSigned), "without a publisher's key every model would be refused; give one under Keys, or leave this out");
        return read;
    }

    /// <summary>The catalogue in force; where one's own cannot be used, what comes with the runtime: the check at start says why.</summary>
    public static KnownModels Catalogue(ModelsOptions? options)
    {
        try
        {
            return options?.Catalogue is { } path ? KnownModels.Load(path) : KnownModels.BuiltIn;
        }
        catch (HybridException)
        {
            return KnownModels.BuiltIn;
        }
    }

    /// <summary>What is wrong with files that the section names.</summary>
    public static void CheckFiles(ModelsOptions? options, ICollection<string> errors)
    {
        if (options is null) return;
        Check(nameof(ModelsOptions.Catalogue), () => _ = options.Catalogue is { } path ? KnownModels.Load(path) : null);
        Check(nameof(ModelsOptions.Keys), () => options.Trust());

        void Check(string key, Action read)
        {
            try
            {
                read();
            }
            catch (HybridException error)
            {
                errors.Add($"{HybridOptions.Section}:{nameof(HybridOptions.Models)}:{key}: {error.Message}");
            }
        }
    }

    private static PeerOptions ReadPeers(SectionReader section)
    {
        var start = new PeerOptions();
        var read = start with
        {
            Addresses = section.List(nameof(PeerOptions.Addresses), static (items, key) => items.Address(key)) ?? start.Addresses,
            Key = section.Text(nameof(PeerOptions.Key)) ?? start.Key,
            Listen = section.Address(nameof(PeerOptions.Listen)),
            ConnectTimeout = section.Time(nameof(PeerOptions.ConnectTimeout)) ?? start.ConnectTimeout,
        };
        section.RefuseUnknown();
        foreach (var (key, problem) in read.Problems()) section.Error(key, problem);
        return read;
    }

    private static PrefetchOptions ReadPrefetch(SectionReader section)
    {
        var start = new PrefetchOptions();
        var read = start with
        {
            Models = [.. section.Sections(nameof(PrefetchOptions.Models)).Select(Rule)],
            Learn = section.Flag(nameof(PrefetchOptions.Learn)) ?? start.Learn,
            MaxLevel = section.Choice<PrefetchLevel>(nameof(PrefetchOptions.MaxLevel)) ?? start.MaxLevel,
            Ahead = section.Time(nameof(PrefetchOptions.Ahead)) ?? start.Ahead,
            MinChance = section.Number(nameof(PrefetchOptions.MinChance)) ?? start.MinChance,
            BytesPerSecond = section.Bytes(nameof(PrefetchOptions.BytesPerSecond)),
            BytesPerDay = section.Bytes(nameof(PrefetchOptions.BytesPerDay)),
            Disk = section.Bytes(nameof(PrefetchOptions.Disk)),
            Link = section.Choice<LinkCost>(nameof(PrefetchOptions.Link)) ?? start.Link,
        };
        if (read.Ahead < TimeSpan.Zero || read.Ahead > LongestAhead) section.Error(nameof(PrefetchOptions.Ahead), $"{read.Ahead} is out of range; use 0 to 60 minutes");
        if (!(read.MinChance is > 0 and <= 1)) section.Error(nameof(PrefetchOptions.MinChance), $"{read.MinChance} is out of range; use a number above 0, at most 1");
        section.RefuseUnknown();
        return read;
    }

    private static PrefetchRule Rule(SectionReader section)
    {
        var model = section.Text(nameof(PrefetchRule.Model));
        if (model is null) section.Error(nameof(PrefetchRule.Model), "it is missing; name a target on this device, or a model of the store");
        var rule = new PrefetchRule
        {
            Model = model ?? "",
            Level = section.Choice<PrefetchLevel>(nameof(PrefetchRule.Level)) ?? PrefetchLevel.Loaded,
            Reference = section.Text(nameof(PrefetchRule.Reference)),
            Days = [.. section.List(nameof(PrefetchRule.Days), Day)?.Select(day => day.Value) ?? []],
            From = Clock(section, nameof(PrefetchRule.From)),
            Until = Clock(section, nameof(PrefetchRule.Until)),
        };
        if (section.Has(nameof(PrefetchRule.From)) != section.Has(nameof(PrefetchRule.Until)))
            section.Error(section.Has(nameof(PrefetchRule.From)) ? nameof(PrefetchRule.Until) : nameof(PrefetchRule.From), "it is missing; give both, or neither for the whole day");
        section.RefuseUnknown();
        return rule;
    }

    private static DayName? Day(SectionReader days, string key) => days.Choice<DayOfWeek>(key) is { } day ? new(day) : null;

    private static TimeSpan? Clock(SectionReader section, string key)
    {
        if (section.Text(key) is not { } text) return null;
        if (TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)) return time.ToTimeSpan();
        section.Error(key, $"'{text}' is not a time of day; write 00:00 to 23:59");
        return null;
    }

    private static string Full(string path) => Path.GetFullPath(path, AppContext.BaseDirectory);

    /// <summary>A day in a list whose reader gives references.</summary>
    private sealed record DayName(DayOfWeek Value);
}
