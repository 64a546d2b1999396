using Hybrid.Configuration;
using Hybrid.Device;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Models.Catalogue;
using Hybrid.Models.Gguf;
using Hybrid.Models.Store;

namespace Hybrid.Cli.Models;

/// <summary>Looks at one model: in the store, else in the catalogue.</summary>
internal sealed class ModelLook
{
    private readonly ModelSettings _settings;
    private readonly int _context;
    private readonly MachineRoom _room;

    public ModelLook(ModelSettings settings, int context)
    {
        (_settings, _context) = (settings, context);
        _room = RoomOf(settings.Store.Root);
    }

    /// <summary>What this machine can give now.</summary>
    /// <param name="folder">Where models are kept.</param>
    public static MachineRoom RoomOf(string folder) => new(new SystemMemory(TimeProvider.System).AvailableBytes ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, FreeDisk(folder));

    /// <exception cref="HybridException">There is no such model (<see cref="HybridError.InvalidRequest"/>).</exception>
    public async Task<ShownModel> AtAsync(string text, CancellationToken cancellationToken)
    {
        if (ModelName.TryParse(text, out var name, out _) && _settings.Store.List().FirstOrDefault(model => model.Name == name) is { } stored) return await StoredAsync(stored, cancellationToken);
        var wanted = ModelNames.QuantisationIn(text);
        if (_settings.Known.Find(text) is { } known) return Known(known, wanted);
        var names = _settings.Store.List().Select(model => model.Name.ToString()).Concat(_settings.Known.All.Select(model => model.Name));
        var nearest = names.Select(one => (Name: one, Distance: EditDistance.Between(one, text))).Where(one => one.Distance <= Math.Max(3, text.Length / 3)).OrderBy(one => one.Distance).Take(3).Select(one => one.Name).ToArray();
        throw new HybridException(HybridError.InvalidRequest, $"There is no model '{text}' in the store or the catalogue. {(nearest.Length > 0 ? $"Near it are {string.Join(", ", nearest)}. " : "")}'hybrid models list --known' has all.");
    }

    private async Task<ShownModel> StoredAsync(StoredModel stored, CancellationToken cancellationToken)
    {
        var (known, manifest) = (_settings.Known.Find(stored.Name.ToString()), stored.Manifest);
        var start = Figures(known) with
        {
            Name = stored.Name.ToString(),
            Stored = true,
            Source = manifest?.Source,
            Revision = manifest?.Revision,
            Licence = manifest?.Licence ?? known?.Licence,
            Files = [.. manifest?.Files.Select(file => new ShownFile(file.Path, file.Size, file.Sha256, file.Outside?.Path)) ?? []],
            Problem = stored.Problem,
        };
        if (stored.Problem is not null) return start with { Why = "it cannot be used" };
        try
        {
            var path = _settings.Store.PathOf(stored.Name);
            var header = GgufFile.Open(path);
            var context = (int)Math.Min(_context, header.ContextLength);
            var memory = await LlamaEngine.EstimateMemoryAsync(new() { ModelPath = path, ContextLength = context, KvTokens = context, Slots = 1 }, cancellationToken);
            var fit = MachineFit.Judge(_settings.Known, known, memory, context, _room);
            return start with
            {
                ParametersBillions = Math.Round(header.ParameterCount / 1e9, 4),
                ContextLength = (int)Math.Min(header.ContextLength, int.MaxValue),
                CountedContext = context,
                Quantisations = [new(stored.Name.Tag, manifest!.Size, memory, fit.Fits)],
                Fits = fit.Fits,
                Why = fit.Why,
                Instead = fit.Instead,
            };
        }
        catch (HybridException error)
        {
            return start with { Problem = error.Message, Why = "its files cannot be read" };
        }
    }

    private ShownModel Known(KnownModel known, string? wanted)
    {
        if (wanted is not null && known.Quantisations.Count > 0 && !known.Quantisations.Contains(wanted, StringComparer.OrdinalIgnoreCase))
            throw new HybridException(HybridError.InvalidRequest, $"Of model '{known.Name}' no {wanted} is known; there are {string.Join(", ", known.Quantisations)}.");
        var shown = Figures(known);
        var all = Quantisation.BySize(known.Quantisations).Where(one => wanted is null || string.Equals(one, wanted, StringComparison.OrdinalIgnoreCase)).ToArray();
        if (all.Length == 0) return shown with { Why = known.Reference is null ? "it is not known where its files are" : "its files are not known" };
        var fits = all.Select(one => (Name: one, Fit: MachineFit.Judge(_settings.Known, known, one, shown.CountedContext, _room))).ToArray();
        var best = fits.FirstOrDefault(one => one.Fit.Fits == true, fits[^1]);
        return shown with
        {
            Quantisations = [.. fits.Select(one => new ShownQuantisation(one.Name, ModelNeed.FileBytes(known, one.Name), ModelNeed.MemoryBytes(known, one.Name, shown.CountedContext), one.Fit.Fits))],
            Fits = best.Fit.Fits,
            Why = $"{best.Name}: {best.Fit.Why}",
            Instead = best.Fit.Instead ?? (best.Fit.Fits == true ? null : "nothing that the catalogue knows"),
        };
    }

    private ShownModel Figures(KnownModel? known) => new()
    {
        Name = known?.Name ?? "",
        Title = known?.Title,
        Source = known?.Reference,
        Licence = known?.Licence,
        ParametersBillions = known?.ParametersBillions,
        ActiveParametersBillions = known?.ActiveParametersBillions,
        ContextLength = known?.ContextLength,
        Accuracy = known?.Accuracy is { } accuracy ? Math.Round(accuracy, 3) : null,
        AccuracyKind = known?.Accuracy is null ? null : known.MeasuredAccuracy is null ? "estimated" : "measured",
        AccuracySource = known?.Accuracy is null ? null : known.MeasuredAccuracy is null ? "0.329 + 0.126·log10(B parameters), Ploskonka 2026" : known.AccuracySource,
        DollarsPerHour = known?.DollarsPerHour,
        CountedContext = Math.Min(_context, known?.ContextLength ?? _context),
        FreeMemoryBytes = _room.Memory,
        FreeDiskBytes = _room.Disk,
        Why = "not known",
    };

    /// <summary>Of the disk that a folder is on, or will be.</summary>
    private static long FreeDisk(string folder)
    {
        try
        {
            return new DriveInfo(folder).AvailableFreeSpace;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return long.MaxValue; // not known; the pull will say
        }
    }
}
