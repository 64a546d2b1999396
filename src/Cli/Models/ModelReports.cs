using System.Text.Json.Serialization;

namespace Hybrid.Cli.Models;

/// <summary>A model of the store.</summary>
internal sealed record ListedModel(string Name, long? Bytes, string? Source, string? Licence, DateTimeOffset? LastUsed, bool Pinned, bool InUse, string? Problem);

/// <summary>A model of the catalogue.</summary>
internal sealed record ListedKnown(string Name, string Title, double? ParametersBillions, double? Accuracy, string? AccuracyKind, string? Licence, string? Reference);

/// <summary>What <c>hybrid models list</c> found.</summary>
internal sealed record ModelList(IReadOnlyList<ListedModel> Models, IReadOnlyList<ListedKnown>? Known);

/// <summary>One way to store a model, and whether it fits.</summary>
internal sealed record ShownQuantisation(string Name, long? FileBytes, long? MemoryBytes, bool? Fits);

/// <summary>What <c>hybrid models show</c> knows of a model.</summary>
internal sealed record ShownModel
{
    public required string Name { get; init; }

    public string? Title { get; init; }

    public bool Stored { get; init; }

    public string? Source { get; init; }

    public string? Revision { get; init; }

    public string? Licence { get; init; }

    public double? ParametersBillions { get; init; }

    public double? ActiveParametersBillions { get; init; }

    public int? ContextLength { get; init; }

    public double? Accuracy { get; init; }

    public string? AccuracyKind { get; init; }

    public string? AccuracySource { get; init; }

    public double? DollarsPerHour { get; init; }

    public IReadOnlyList<ShownFile> Files { get; init; } = [];

    public IReadOnlyList<ShownQuantisation> Quantisations { get; init; } = [];

    /// <summary>Tokens that the memory is counted with.</summary>
    public required int CountedContext { get; init; }

    public required long FreeMemoryBytes { get; init; }

    public required long FreeDiskBytes { get; init; }

    public bool? Fits { get; init; }

    public required string Why { get; init; }

    public string? Instead { get; init; }

    public string? Problem { get; init; }
}

/// <summary>A file of a stored model.</summary>
internal sealed record ShownFile(string Path, long Bytes, string Sha256, string? Outside);

/// <summary>What <c>hybrid models pull</c> put into the store.</summary>
internal sealed record PulledModel(string Name, long Bytes, string Source, string? Revision, string? Licence, IReadOnlyList<ShownFile> Files);

/// <summary>What <c>hybrid models verify</c> found.</summary>
internal sealed record VerifyReport(IReadOnlyList<VerifiedModel> Models);

/// <summary>One model, read whole.</summary>
internal sealed record VerifiedModel(string Name, long Bytes, double Seconds, IReadOnlyList<string> Problems);

/// <summary>What <c>hybrid models rm</c> freed.</summary>
internal sealed record RemovedModel(string Name, long FreedBytes);

/// <summary>What <c>hybrid models gc</c> did.</summary>
internal sealed record CollectedModels(IReadOnlyList<string> Removed, int Unfinished, int Orphans, long FreedBytes, long UsedBytes, bool WithinQuota, bool DryRun, IReadOnlyList<string> Problems);

/// <summary>What <c>hybrid models prefetch NAME</c> did.</summary>
internal sealed record PrefetchedNow(string Name, string Level, double Seconds, long Bytes, double? ResidentShare);

/// <summary>What <c>hybrid models prefetch</c> expects.</summary>
internal sealed record PrefetchPlan(bool Configured, string State, string? Problem, IReadOnlyList<PlannedChange> Changes);

/// <summary>A change of what should be near.</summary>
internal sealed record PlannedChange(DateTimeOffset At, string Model, string Level, double Chance, string Why);

/// <summary>The reports' JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(ShownModel))]
[JsonSerializable(typeof(PulledModel))]
[JsonSerializable(typeof(VerifyReport))]
[JsonSerializable(typeof(RemovedModel))]
[JsonSerializable(typeof(CollectedModels))]
[JsonSerializable(typeof(PrefetchedNow))]
[JsonSerializable(typeof(PrefetchPlan))]
internal sealed partial class ModelsJson : JsonSerializerContext;
