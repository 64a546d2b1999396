using Hybrid.Configuration;

namespace Hybrid.Models.Catalogue;

/// <summary>What a machine can give.</summary>
/// <param name="Memory">Bytes of memory for a model.</param>
/// <param name="Disk">Bytes that are free where models are kept.</param>
internal sealed record MachineRoom(long Memory, long Disk);

/// <summary>Whether a model fits a machine, and if not, what would.</summary>
/// <param name="Fits">Null: not known.</param>
/// <param name="Why">In a sentence.</param>
/// <param name="Instead">What would, as it is pulled; null where nothing is known that would, or where it fits.</param>
internal sealed record Fit(bool? Fits, string Why, string? Instead = null);

/// <summary>Judges whether models fit. Pure.</summary>
internal static class MachineFit
{
    /// <summary>A quantisation of a known model that would have to be fetched.</summary>
    public static Fit Judge(KnownModels models, KnownModel model, string quantisation, int context, MachineRoom room)
    {
        if (ModelNeed.MemoryBytes(model, quantisation, context) is not { } memory || ModelNeed.FileBytes(model, quantisation) is not { } file)
            return new(null, "what it needs is not known");
        var problems = Problems(memory, file, room);
        return problems.Count == 0
            ? new(true, $"it needs {ByteSize.Text(memory)} of the {ByteSize.Text(room.Memory)} of memory and {ByteSize.Text(file)} of the {ByteSize.Text(room.Disk)} of disk")
            : new(false, string.Join(", and ", problems), Instead(models, model, context, room));
    }

    /// <summary>Files that are here, of which the memory is known from their header.</summary>
    public static Fit Judge(KnownModels models, KnownModel? model, long memory, int context, MachineRoom room)
    {
        var problems = Problems(memory, 0, room);
        if (problems.Count == 0) return new(true, $"it needs {ByteSize.Text(memory)} of the {ByteSize.Text(room.Memory)} of memory");
        return new(false, problems[0], Instead(models, model, context, room));
    }

    /// <summary>The largest quantisation of the same model that fits, else the largest smaller model.</summary>
    private static string? Instead(KnownModels models, KnownModel? model, int context, MachineRoom room)
    {
        var smaller = models.All.Where(one => one.Reference is not null && !(one.ParametersBillions >= model?.ParametersBillions)).OrderByDescending(one => one.ParametersBillions ?? 0);
        foreach (var one in model?.Reference is null ? smaller : smaller.Prepend(model))
            if (Quantisation.BySize(one.Quantisations).FirstOrDefault(quantisation => FitsIn(one, quantisation, context, room)) is { } fits) return $"{one.Reference}:{fits}";
        return null;
    }

    private static bool FitsIn(KnownModel model, string quantisation, int context, MachineRoom room) =>
        ModelNeed.MemoryBytes(model, quantisation, Math.Min(context, model.ContextLength ?? context)) is { } memory && ModelNeed.FileBytes(model, quantisation) is { } file && Problems(memory, file, room).Count == 0;

    private static List<string> Problems(long memory, long file, MachineRoom room)
    {
        List<string> problems = [];
        if (memory > room.Memory) problems.Add($"it needs {ByteSize.Text(memory)} of memory, and there are {ByteSize.Text(room.Memory)}");
        if (file > room.Disk) problems.Add($"its files take {ByteSize.Text(file)}, and {ByteSize.Text(room.Disk)} of disk are free");
        return problems;
    }
}
