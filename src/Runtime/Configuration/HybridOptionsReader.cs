using Hybrid.Policy;
using Hybrid.Targets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Hybrid.Configuration;

/// <summary>Fills the options from a section; what is wrong is kept beside them, so that a reload never throws.</summary>
internal sealed class HybridOptionsReader(IConfigurationSection section) : IConfigureOptions<HybridOptions>
{
    public void Configure(HybridOptions options)
    {
        var reader = new SectionReader(section, options.Errors);
        options.StatesPolicies = reader.Has(nameof(options.Policy)) || reader.Has(nameof(options.Privacy)) || reader.Has(nameof(options.Policies));
        options.Policy = reader.Text(nameof(options.Policy)) ?? options.Policy;
        options.Privacy = reader.Choice<PrivacyClass>(nameof(options.Privacy)) ?? options.Privacy;
        var policies = new PolicyReader([.. reader.Sections(nameof(options.Policies))]).ReadAll();
        foreach (var (name, policy) in policies) options.Policies[name] = policy;

        var native = reader.Section("Native");
        var llamaPath = native?.Text(nameof(LocalOptions.LlamaPath));
        native?.RefuseUnknown();
        if (reader.Section(nameof(options.Local)) is { } local) TargetReader.Local(local, llamaPath, options);
        if (reader.Text(nameof(options.PoolBoardPath)) is { } board) options.PoolBoardPath = Path.GetFullPath(board, AppContext.BaseDirectory);
        foreach (var pool in reader.Sections(nameof(options.Pools))) options.Pools[pool.Name] = TargetReader.Pool(pool) with { BoardPath = options.PoolBoardPath };
        if (reader.Section(nameof(options.Grid)) is { } grid) options.Grid = GridReader.Read(grid);
        if (reader.Section(nameof(options.Budgets)) is { } budgets) options.Budgets = BudgetReader.Read(budgets);
        if (reader.Section(nameof(options.DecisionLog)) is { } log) options.DecisionLog = DecisionLogReader.Read(log);
        if (reader.Section(nameof(options.Models)) is { } models) options.Models = ModelsReader.Read(models);
        if (reader.Section(nameof(options.Serve)) is { } serve) options.Serve = ServeOptions.Read(serve);
        if (reader.Section(nameof(options.Waiting)) is { } waiting) options.Waiting = WaitingOptions.Read(waiting);
        if (reader.Section(nameof(options.Inference)) is { } inference) options.Inference = InferenceOptions.Read(inference);
        if (reader.Section(nameof(options.Fleet)) is { } fleet) options.Fleet = FleetReader.Read(fleet);
        KnownFigures.Fill(options, ModelsReader.Catalogue(options.Models));
        reader.RefuseUnknown();
        CheckAcross(options, reader);
    }

    /// <summary>Rules that need more than one key.</summary>
    private static void CheckAcross(HybridOptions options, SectionReader reader)
    {
        if (!options.Policies.ContainsKey(options.Policy) && !PolicyPresets.TryGet(options.Policy, out _))
        {
            var names = PolicyPresets.All.Select(policy => policy.Name).Concat(options.Policies.Keys).Distinct(StringComparer.OrdinalIgnoreCase);
            reader.Error(nameof(options.Policy), $"there is no policy '{options.Policy}'; there are {string.Join(", ", names)}");
        }

        HashSet<string> targets = [.. options.Pools.Values.Select(pool => pool.Descriptor.Name)];
        if (options.Local is { } local && !targets.Add(local.Descriptor.Name))
            reader.Error("Local:Name", $"'{local.Descriptor.Name}' is also the name of a pool; choose another");
        foreach (var name in options.LocalModels.Keys.Where(name => !targets.Add(name)))
            reader.Error($"Local:Models:{name}", $"'{name}' is also the name of another target; choose another");
        GridReader.CheckZones(options, reader);
        foreach (var (name, policy) in options.Policies)
        {
            foreach (var target in policy.AllowedTargets.Where(target => !targets.Contains(target)))
                reader.Error($"Policies:{name}:{nameof(policy.AllowedTargets)}", $"there is no target '{target}'; there are {string.Join(", ", targets)}");
        }
    }
}
