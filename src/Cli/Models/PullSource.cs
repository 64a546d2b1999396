using Hybrid.Models.Catalogue;
using Hybrid.Models.Pull;
using Hybrid.Models.Store;

namespace Hybrid.Cli.Models;

/// <summary>What is pulled, and the name that it gets; null: that of its source.</summary>
internal sealed record PullSource(ModelReference Reference, ModelName? Name)
{
    private const int UsualContext = 4096;

    /// <summary>Reads a reference, or finds the model of the catalogue that is meant, in the largest form that fits this machine.</summary>
    /// <param name="settings">Have the catalogue.</param>
    /// <param name="text">As it was typed.</param>
    /// <param name="remarks">Told where it does not fit.</param>
    /// <exception cref="HybridException">It is neither.</exception>
    public static PullSource Of(ModelSettings settings, string text, TextWriter remarks)
    {
        if (!IsName(text)) return new(ModelReference.Parse(text), null);
        var known = settings.Known.Find(text) is { Reference: not null, Quantisations.Count: > 0 } found
            ? found
            : throw new HybridException(HybridError.InvalidRequest, $"'{text}' does not say where from, and the catalogue knows no files of such a model. Nothing was fetched. Write hf:OWNER/REPOSITORY:QUANTISATION, or see 'hybrid models list --known'.");
        var room = ModelLook.RoomOf(settings.Store.Root);
        var context = Math.Min(UsualContext, known.ContextLength ?? UsualContext);
        string[] sizes = [.. Quantisation.BySize(known.Quantisations)];
        var wanted = ModelNames.QuantisationIn(text);
        var chosen = wanted is null
            ? Array.Find(sizes, size => MachineFit.Judge(settings.Known, known, size, context, room).Fits == true) ?? sizes[^1]
            : Array.Find(sizes, size => string.Equals(size, wanted, StringComparison.OrdinalIgnoreCase))
                ?? throw new HybridException(HybridError.InvalidRequest, $"Of model '{known.Name}' no {wanted} is known; there are {string.Join(", ", known.Quantisations)}. Nothing was fetched.");
        if (MachineFit.Judge(settings.Known, known, chosen, context, room) is { Fits: false } fit)
            remarks.WriteLine($"'{known.Name}:{chosen}' does not fit this machine: {fit.Why}.{(fit.Instead is { } instead ? $" {instead} would." : "")}");
        return new(ModelReference.Parse($"{known.Reference}:{chosen}"), ModelName.Parse($"{known.Name}:{chosen}"));
    }

    /// <summary>Whether it is a plain name, with or without a quantisation, and no source.</summary>
    private static bool IsName(string text) => ModelName.TryParse(text, out var name, out _) && name.Name is not ("hf" or "mirror" or "http" or "https" or "file");
}
