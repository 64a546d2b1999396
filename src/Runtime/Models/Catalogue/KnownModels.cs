namespace Hybrid.Models.Catalogue;

/// <summary>Models by name: those that come with the runtime, and an operator's own before them.</summary>
/// <remarks>Immutable and thread-safe.</remarks>
public sealed class KnownModels
{
    private static readonly Lazy<KnownModels> Embedded = new(ReadEmbedded);
    private readonly Dictionary<string, KnownModel> _byName = new(StringComparer.Ordinal);

    private KnownModels(IReadOnlyList<KnownModel> models)
    {
        All = models;
        foreach (var model in models)
            foreach (var name in (IEnumerable<string>)[model.Name, .. model.Aliases]) _byName.TryAdd(ModelNames.Plain(name), model);
    }

    /// <summary>The models that come with the runtime.</summary>
    public static KnownModels BuiltIn => Embedded.Value;

    /// <summary>All of them, in the order in which they are written down.</summary>
    public IReadOnlyList<KnownModel> All { get; }

    /// <summary>Reads a catalogue of one's own; its entries stand before those that come with the runtime, and in the place of those of the same name.</summary>
    /// <param name="path">A JSON file as <c>docs/catalogue.schema.json</c> describes it.</param>
    /// <exception cref="HybridException">It cannot be read, or an entry is wrong (<see cref="HybridError.Configuration"/>, with the path of every bad entry).</exception>
    public static KnownModels Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        List<string> errors = [];
        var own = CatalogueFile.Read(path, errors);
        return errors.Count == 0
            ? BuiltIn.With(own)
            : throw new HybridException(HybridError.Configuration, $"The catalogue '{path}' cannot be used:\n{string.Join('\n', errors)}\nNothing of it was taken.");
    }

    /// <summary>The model of a name as it is found in the wild, such as <c>Qwen/Qwen3-0.6B-GGUF</c> or <c>qwen3-0.6b-q8_0</c>; null where it is not known.</summary>
    public KnownModel? Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _byName.GetValueOrDefault(ModelNames.Plain(name));
    }

    internal KnownModels With(IReadOnlyList<KnownModel> own)
    {
        var names = own.Select(model => model.Name).ToHashSet(StringComparer.Ordinal);
        return new([.. own, .. All.Where(model => !names.Contains(model.Name))]);
    }

    private static KnownModels ReadEmbedded()
    {
        using var stream = typeof(KnownModels).Assembly.GetManifestResourceStream("Hybrid.Models.Catalogue.models.json")!;
        using var whole = new MemoryStream();
        stream.CopyTo(whole);
        List<string> errors = [];
        var models = CatalogueFile.Read(whole.ToArray(), errors);
        return errors.Count == 0 ? new(models) : throw new HybridException(HybridError.Internal, $"The catalogue that comes with the runtime is damaged: {errors[0]}");
    }
}
