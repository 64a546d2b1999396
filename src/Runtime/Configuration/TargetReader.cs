using Hybrid.Models;
using Hybrid.Targets;

namespace Hybrid.Configuration;

/// <summary>Reads the local engine and the pools.</summary>
internal static class TargetReader
{
    /// <summary>Of a pool that states none: no pool that is found cold starts at once, and the first cold start that is seen counts for more.</summary>
    private static readonly TimeSpan PoolColdStart = TimeSpan.FromSeconds(10);

    /// <summary>The engine itself, the models beside it, and the memory of all; where only others are named there is none of its own.</summary>
    public static void Local(SectionReader section, string? llamaPath, HybridOptions options)
    {
        options.MemoryBudget = section.Bytes(nameof(options.MemoryBudget));
        options.MeasurePower = section.Flag(nameof(options.MeasurePower)) ?? options.MeasurePower;
        foreach (var model in section.Sections("Models")) options.LocalModels[model.Name] = Engine(model, model.Name, llamaPath);
        if (options.LocalModels.Count == 0 || section.Has(nameof(LocalOptions.ModelPath)))
            options.Local = Engine(section, section.Text("Name") ?? "device", llamaPath);
        else
            section.RefuseUnknown();
    }

    private static LocalOptions Engine(SectionReader section, string name, string? llamaPath)
    {
        var path = section.Text(nameof(LocalOptions.ModelPath));
        if (path is null) section.Error(nameof(LocalOptions.ModelPath), "it is missing; give the path of a GGUF file, or store:NAME:TAG");
        else if (ModelLocation.IsWrong(path, out var problem)) section.Error(nameof(LocalOptions.ModelPath), $"'{path}' names no model of the store: {problem}");
        var context = Count(section, nameof(LocalOptions.ContextLength));
        var read = new LocalOptions
        {
            ModelPath = path is null ? "" : ModelLocation.Full(path, AppContext.BaseDirectory),
            Descriptor = Figures(section, new()
            {
                Name = name,
                Model = section.Text("Model") ?? ModelLocation.ModelOf(path ?? ""),
                Zone = Zone.Device,
                ContextLength = context ?? int.MaxValue,
                Capabilities = Tools(section) | TargetCapabilities.Chat | TargetCapabilities.Text | TargetCapabilities.Tokens | TargetCapabilities.Continuation | TargetCapabilities.Json | TargetCapabilities.Grammar | TargetCapabilities.LogProbabilities,
            }),
            KeepAlive = Time(section, nameof(LocalOptions.KeepAlive), TimeSpan.MaxValue, "0 or more"),
            ContextLength = context,
            Threads = Count(section, nameof(LocalOptions.Threads)),
            Slots = Count(section, nameof(LocalOptions.Slots)),
            KvTokens = Count(section, nameof(LocalOptions.KvTokens)),
            MaxBatch = Count(section, nameof(LocalOptions.MaxBatch)),
            LongestPause = Time(section, nameof(LocalOptions.LongestPause), TimeSpan.FromMinutes(1), "0 to 60 s"),
            PrefixCache = section.Flag(nameof(LocalOptions.PrefixCache)),
            Speculation = section.Flag(nameof(LocalOptions.Speculation)),
            DraftModelPath = section.Text(nameof(LocalOptions.DraftModelPath)) is { } draft ? ModelLocation.Full(draft, AppContext.BaseDirectory) : null,
            Poll = Count(section, nameof(LocalOptions.Poll), 0, 100),
            GpuLayers = Count(section, nameof(LocalOptions.GpuLayers), 0),
            LlamaPath = llamaPath,
        };
        section.RefuseUnknown();
        return read;
    }

    public static PoolOptions Pool(SectionReader section)
    {
        var zone = section.Zone(nameof(TargetDescriptor.Zone));
        if (!section.Has(nameof(TargetDescriptor.Zone)))
            section.Error(nameof(TargetDescriptor.Zone), "it is missing; say where the data goes: device, site, region:NAME or public");
        var model = section.Text(nameof(TargetDescriptor.Model));
        if (model is null) section.Error(nameof(TargetDescriptor.Model), "it is missing; name the model that the pool serves");
        var endpoint = section.Address(nameof(PoolOptions.Endpoint));
        var replicas = ReplicaReader.Replicas(section, endpoint);
        var read = new PoolOptions
        {
            Type = section.Text(nameof(PoolOptions.Type)) ?? "worker",
            Endpoint = endpoint,
            Replicas = replicas,
            Limits = ReplicaReader.Limits(section),
            Health = ReplicaReader.Health(section),
            Retries = ReplicaReader.Retries(section),
            Canary = ReplicaReader.Canary(section),
            ApiKey = section.Text(nameof(PoolOptions.ApiKey)),
            Settings = section.Free(nameof(PoolOptions.Settings)),
            PreWarm = section.Flag(nameof(PoolOptions.PreWarm)) ?? false,
            Descriptor = Figures(section, new()
            {
                Name = section.Name,
                Model = model ?? "",
                Zone = zone ?? Zone.Public,
                ContextLength = Count(section, nameof(TargetDescriptor.ContextLength)) ?? int.MaxValue,
                Capabilities = Tools(section) | Formats(section) | TargetCapabilities.Chat | TargetCapabilities.Continuation,
                ColdStart = PoolColdStart,
            }),
        };
        if (read.PreWarm && read.Descriptor.StaysWarm <= TimeSpan.Zero)
            section.Error(nameof(PoolOptions.PreWarm), $"a pool is woken ahead for as long as it then stays warm; set {nameof(TargetDescriptor.StaysWarm)}");
        section.RefuseUnknown();
        return read;
    }

    /// <summary>Whether the model is said to know tools; the local engine finds out for itself once it is loaded.</summary>
    private static TargetCapabilities Tools(SectionReader section) => section.Flag("Tools") is true ? TargetCapabilities.Tools : TargetCapabilities.None;

    /// <summary>What a pool is said to keep; a worker keeps both whatever is said.</summary>
    private static TargetCapabilities Formats(SectionReader section) =>
        (section.Flag("Json") is true ? TargetCapabilities.Json : TargetCapabilities.None) | (section.Flag("Grammar") is true ? TargetCapabilities.Grammar : TargetCapabilities.None);

    private static TargetDescriptor Figures(SectionReader section, TargetDescriptor start)
    {
        var read = start with
        {
            ParametersBillions = section.Number(nameof(start.ParametersBillions)) ?? start.ParametersBillions,
            Quality = section.Number(nameof(start.Quality)),
            DollarsPerMillionInputTokens = section.Number(nameof(start.DollarsPerMillionInputTokens)) ?? 0,
            DollarsPerMillionOutputTokens = section.Number(nameof(start.DollarsPerMillionOutputTokens)) ?? 0,
            DollarsPerHour = section.Number(nameof(start.DollarsPerHour)) ?? 0,
            DollarsPerMillionCachedTokens = section.Number(nameof(start.DollarsPerMillionCachedTokens)),
            IdleDollarsPerHour = section.Number(nameof(start.IdleDollarsPerHour)) ?? 0,
            Schedule = ScheduleReader.Read(section),
            StaysWarm = section.Time(nameof(start.StaysWarm)) ?? start.StaysWarm,
            ActiveWatts = section.Number(nameof(start.ActiveWatts)) ?? 0,
            EmbodiedGramsPerHour = section.Number(nameof(start.EmbodiedGramsPerHour)) ?? 0,
            GridZone = section.Text(nameof(start.GridZone)),
            PowerUsageEffectiveness = section.Number(nameof(start.PowerUsageEffectiveness)) ?? start.PowerUsageEffectiveness,
            GramsPerKilowattHour = section.Number(nameof(start.GramsPerKilowattHour)) ?? start.GramsPerKilowattHour,
            RoundTrip = section.Time(nameof(start.RoundTrip)) ?? start.RoundTrip,
            ColdStart = section.Time(nameof(start.ColdStart)) ?? start.ColdStart,
            PrefillTokensPerSecond = section.Number(nameof(start.PrefillTokensPerSecond)) ?? start.PrefillTokensPerSecond,
            DecodeTokensPerSecond = section.Number(nameof(start.DecodeTokensPerSecond)) ?? start.DecodeTokensPerSecond,
        };
        FigureRules.Check(read, section.Path, section.Errors);
        return read;
    }

    private static TimeSpan? Time(SectionReader section, string key, TimeSpan most, string range)
    {
        if (section.Time(key) is not { } time) return null;
        if (time >= TimeSpan.Zero && time <= most) return time;
        section.Error(key, $"{time} is out of range; use {range}");
        return null;
    }

    /// <summary>A count; one out of range is reported and left out, so that it is not reported again.</summary>
    private static int? Count(SectionReader section, string key, int least = 1, int most = int.MaxValue)
    {
        if (section.Whole(key) is not { } count) return null;
        if (count >= least && count <= most) return count;
        section.Error(key, $"{count} is out of range; use {least} {(most == int.MaxValue ? "or more" : $"to {most}")}");
        return null;
    }
}
