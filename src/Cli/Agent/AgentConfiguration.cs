using Hybrid.Configuration;
using Hybrid.Edge.Fleet;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Hybrid.Cli.Agent;

/// <summary>How an agent is configured: by its device's file and environment, and above them by its fleet.</summary>
internal sealed class AgentConfiguration
{
    private static readonly string[] Followed = [nameof(HybridOptions.Policy), nameof(HybridOptions.Privacy), nameof(HybridOptions.Policies)];
    private readonly string? _file;

    private AgentConfiguration(string? file, IConfigurationRoot device, IConfigurationRoot whole, FleetConfiguration? fleet) =>
        (_file, Device, Whole, Fleet, AtStart) = (file, device, whole, fleet, Sections(device));

    /// <summary>What is in force.</summary>
    public IConfigurationRoot Whole { get; }

    /// <summary>What the fleet says; null where there is none.</summary>
    public FleetConfiguration? Fleet { get; }

    /// <summary>Why the last reload was not taken; null where it was.</summary>
    public string? Problem { get; private set; }

    /// <summary>Sections whose change counts from the next start.</summary>
    public IReadOnlyList<string> RestartRequired { get; private set; } = [];

    /// <summary>What file and environment say.</summary>
    public IConfigurationRoot Device { get; }

    private Dictionary<string, string> AtStart { get; }

    /// <summary>Reads the file and the environment, and what the fleet said last.</summary>
    /// <exception cref="HybridException">Something is wrong, each thing with its key.</exception>
    public static AgentConfiguration Load(string? file, ILogger logger)
    {
        var device = CliConfiguration.Load(file, []);
        var options = Read(device);
        FigureRules.ThrowIfAny([.. options.Errors]);
        var fleet = options.Fleet is { } member ? FleetConfiguration.Open(member, device, logger) : null;
        var builder = new ConfigurationBuilder().AddConfiguration(device);
        if (fleet is not null) builder.Add(fleet);
        return new(file, device, builder.Build(), fleet);
    }

    /// <summary>Reads file and environment again: what is wrong is told and not taken, and the last good state stays.</summary>
    /// <returns>Whether it was taken.</returns>
    public bool TryReload()
    {
        try
        {
            var fresh = CliConfiguration.Load(_file, []);
            FigureRules.ThrowIfAny([.. Read(fresh).Errors]);
            (RestartRequired, Problem) = ([.. Sections(fresh).Where(one => AtStart.GetValueOrDefault(one.Key) != one.Value).Select(one => one.Key)
                .Union(AtStart.Keys.Except(Sections(fresh).Keys)).Select(name => $"{HybridOptions.Section}:{name}").Order(StringComparer.Ordinal)], null);
            Device.Reload();
            return true;
        }
        catch (Exception wrong) when (wrong is HybridException or InvalidDataException or IOException)
        {
            Problem = wrong.Message;
            return false;
        }
    }

    private static HybridOptions Read(IConfiguration configuration)
    {
        var options = new HybridOptions();
        new HybridOptionsReader(configuration.GetSection(HybridOptions.Section)).Configure(options);
        List<string> errors = [];
        foreach (var (name, policy) in options.Policies) FigureRules.Check(policy, $"{HybridOptions.Section}:{nameof(options.Policies)}:{name}", errors);
        foreach (var error in errors) options.Errors.Add(error);
        return options;
    }

    /// <summary>Each section that is read once at start, as one text.</summary>
    private static Dictionary<string, string> Sections(IConfiguration configuration) => configuration.GetSection(HybridOptions.Section).GetChildren()
        .Where(section => !Followed.Contains(section.Key, StringComparer.OrdinalIgnoreCase))
        .ToDictionary(section => section.Key, section => string.Join('\n', section.AsEnumerable().Select(pair => $"{pair.Key}={pair.Value}").Order(StringComparer.Ordinal)), StringComparer.OrdinalIgnoreCase);
}
