using System.Globalization;
using Hybrid.Accounting;
using Hybrid.Targets;
using Microsoft.Extensions.Logging;

namespace Hybrid.Configuration;

/// <summary>Reads section <c>Hybrid:Grid</c> and makes its source.</summary>
internal static class GridReader
{
    private static readonly string[] Types = [GridOptions.StaticType, GridOptions.FileType, GridOptions.ElectricityMapsType, GridOptions.UkType];

    public static GridOptions Read(SectionReader section)
    {
        var type = section.Text(nameof(GridOptions.Type))?.ToLowerInvariant() ?? GridOptions.StaticType;
        if (!Types.Contains(type)) section.Error(nameof(GridOptions.Type), $"there is no grid source '{type}'; use {string.Join(", ", Types)}");
        var path = section.Text(nameof(GridOptions.Path));
        var read = new GridOptions
        {
            Type = type,
            Kind = section.Choice<IntensityKind>(nameof(GridOptions.Kind)) ?? IntensityKind.Average,
            Static = Table(section),
            Path = path is null ? null : Path.GetFullPath(path, AppContext.BaseDirectory),
            Endpoint = section.Address(nameof(GridOptions.Endpoint)),
            ApiKey = section.Text(nameof(GridOptions.ApiKey)),
        };
        OnlyFor(nameof(GridOptions.Static), GridOptions.StaticType);
        OnlyFor(nameof(GridOptions.Path), GridOptions.FileType);
        OnlyFor(nameof(GridOptions.Kind), GridOptions.StaticType, GridOptions.FileType);
        OnlyFor(nameof(GridOptions.Endpoint), GridOptions.ElectricityMapsType, GridOptions.UkType);
        OnlyFor(nameof(GridOptions.ApiKey), GridOptions.ElectricityMapsType);
        Required(nameof(GridOptions.Static), GridOptions.StaticType, "list grams CO2e per kWh by zone, such as DE: 380");
        Required(nameof(GridOptions.Path), GridOptions.FileType, "give the path of a JSON file");
        Required(nameof(GridOptions.ApiKey), GridOptions.ElectricityMapsType, "the provider asks for one; keep it in the environment");
        if (read.Endpoint is { Scheme: not ("http" or "https") }) section.Error(nameof(GridOptions.Endpoint), $"'{read.Endpoint.Scheme}' is not http or https");
        if (read.ApiKey?.Any(letter => letter is < '!' or > '~') is true) section.Error(nameof(GridOptions.ApiKey), "it holds a blank or a character that a header cannot carry");
        section.RefuseUnknown();
        return read;

        void OnlyFor(string key, params ReadOnlySpan<string> types)
        {
            if (section.Has(key) && Types.Contains(type) && !types.Contains(type)) section.Error(key, $"it has no meaning with type '{type}', only with {string.Join(" and ", types!)}");
        }

        void Required(string key, string one, string what)
        {
            if (type == one && !section.Has(key)) section.Error(key, $"it is missing; {what}");
        }
    }

    /// <summary>Refuses zones that the source cannot know.</summary>
    public static void CheckZones(HybridOptions options, SectionReader root)
    {
        if (options.Grid is not { } grid) return;
        Check(options.Local?.Descriptor, "Local");
        foreach (var (name, model) in options.LocalModels) Check(model.Descriptor, $"Local:Models:{name}");
        foreach (var (name, pool) in options.Pools) Check(pool.Descriptor, $"Pools:{name}");

        void Check(TargetDescriptor? target, string path)
        {
            if (target?.GridZone is not { } zone) return;
            if (grid.Type == GridOptions.StaticType && grid.Static.Count > 0 && !grid.Static.ContainsKey(zone))
                root.Error($"{path}:{nameof(target.GridZone)}", $"zone '{zone}' is not in Grid:{nameof(grid.Static)}; there are {string.Join(", ", grid.Static.Keys)}");
            if (grid.Type == GridOptions.UkType && !UkGrid.TryZone(zone, out _))
                root.Error($"{path}:{nameof(target.GridZone)}", $"'{zone}' is not a zone of type '{GridOptions.UkType}'; use GB, or GB-1 to GB-17 for a region");
        }
    }

    public static IGridIntensitySource Make(GridOptions? options, TimeProvider time, ILogger logger, HttpMessageHandler? handler = null) => options switch
    {
        { Type: GridOptions.FileType } => new CachedGrid(new FileGrid(options.Path!, options.Kind, time), time, logger),
        { Type: GridOptions.ElectricityMapsType } => new CachedGrid(new ElectricityMapsGrid(options.Endpoint ?? ElectricityMapsGrid.DefaultEndpoint, options.ApiKey!, time, handler), time, logger),
        { Type: GridOptions.UkType } => new CachedGrid(new UkGrid(options.Endpoint ?? UkGrid.DefaultEndpoint, time, handler), time, logger),
        _ => new StaticGrid(options?.Static ?? new Dictionary<string, double>(), options?.Kind ?? IntensityKind.Average),
    };

    private static Dictionary<string, double> Table(SectionReader section)
    {
        var table = new Dictionary<string, double>(StringComparer.OrdinalIgnoreCase);
        if (section.Section(nameof(GridOptions.Static)) is not { } zones) return table;
        foreach (var zone in section.Free(nameof(GridOptions.Static)).Keys)
        {
            if (zones.Number(zone) is not { } grams) continue;
            if (grams is >= 0 and <= GridJson.MostGrams) table[zone] = grams;
            else zones.Error(zone, $"{grams.ToString(CultureInfo.InvariantCulture)} is out of range; use 0 to {GridJson.MostGrams} g CO2e per kWh");
        }

        return table;
    }
}
