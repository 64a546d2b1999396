namespace Hybrid.Models.Catalogue;

/// <summary>Reads one model of a catalogue.</summary>
internal static class CatalogueModel
{
    private const double MostBillions = 1e6;
    private const double MostDollars = 1e6;

    /// <returns>Null where something is wrong with it, which is said.</returns>
    public static KnownModel? Read(CatalogueEntry entry)
    {
        var before = entry.ErrorCount;
        var name = entry.Text("name");
        if (name is null && entry.ErrorCount == before) entry.Error("name", "it is missing");
        if (name is not null && (ModelNames.Plain(name) != name || name.Any(letter => !char.IsAsciiLetterOrDigit(letter) && letter is not ('.' or '-' or '_'))))
            entry.Error("name", $"'{name}' has more than a plain name has; write '{ModelNames.Plain(name)}' in letters, digits, '.', '-' and '_', or give the other as an alias");
        var quantisations = entry.Texts("quantisations");
        for (var i = 0; i < quantisations.Count; i++)
            if (!Quantisation.TryGetBits(quantisations[i], out _)) entry.Error($"quantisations:{i}", $"'{quantisations[i]}' is not known; use {string.Join(", ", Quantisation.Names)}");
        var read = new KnownModel
        {
            Name = name ?? "",
            Title = entry.Text("title") ?? name ?? "",
            Aliases = entry.Texts("aliases"),
            ParametersBillions = entry.Number("parametersBillions", 0, MostBillions),
            ActiveParametersBillions = entry.Number("activeParametersBillions", 0, MostBillions),
            Licence = entry.Text("licence"),
            Reference = entry.Text("reference"),
            Quantisations = quantisations,
            ContextLength = entry.Count("contextLength"),
            Layers = entry.Count("layers"),
            KvHeads = entry.Count("kvHeads"),
            HeadLength = entry.Count("headLength"),
            MeasuredAccuracy = entry.Number("measuredAccuracy", 0, 1),
            AccuracySource = entry.Text("accuracySource"),
            DollarsPerHour = entry.Number("dollarsPerHour", 0, MostDollars),
            Examined = entry.Flag("examined") ?? false,
        };
        if (read.ActiveParametersBillions > (read.ParametersBillions ?? MostBillions)) entry.Error("activeParametersBillions", "more take part in a token than there are");
        if (read.Reference is { } reference && !reference.Contains(':', StringComparison.Ordinal)) entry.Error("reference", $"'{reference}' does not say from where; write hf:OWNER/REPOSITORY");
        entry.RefuseUnknown();
        return entry.ErrorCount == before ? read : null;
    }
}
