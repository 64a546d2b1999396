using Hybrid.Policy;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Hybrid.Configuration;

/// <summary>The policies in force: follows the configuration, and keeps the last good ones when a reload is wrong.</summary>
/// <remarks>A reload changes policies, the default policy and the default privacy class. Targets are made once, at start.</remarks>
internal sealed partial class PolicySource : IDisposable
{
    private readonly ILogger _logger;
    private readonly IDisposable? _subscription;
    private volatile PolicySet _current;

    public PolicySource(IOptionsMonitor<HybridOptions> monitor, ILogger logger)
    {
        _logger = logger;
        _current = Read(monitor.CurrentValue);
        _subscription = monitor.OnChange(Reload);
    }

    public PolicySet Current => _current;

    public void Dispose() => _subscription?.Dispose();

    private static PolicySet Read(HybridOptions options)
    {
        FigureRules.ThrowIfAny([.. options.Errors]);
        List<string> errors = [];
        foreach (var (name, policy) in options.Policies) FigureRules.Check(policy, $"{HybridOptions.Section}:{nameof(options.Policies)}:{name}", errors);
        FigureRules.ThrowIfAny(errors);
        if (!options.Policies.TryGetValue(options.Policy, out var standard) && !PolicyPresets.TryGet(options.Policy, out standard))
            throw new HybridException(HybridError.Configuration, $"{HybridOptions.Section}:{nameof(options.Policy)}: there is no policy '{options.Policy}'");
        return new(standard, options.Privacy, options.Policies.Values);
    }

    private void Reload(HybridOptions options)
    {
        try
        {
            _current = Read(options);
            LogReloaded(_logger, _current.Default.Name);
        }
        catch (HybridException error)
        {
            LogKept(_logger, _current.Default.Name, error.Message);
        }
    }

    [LoggerMessage(1201, LogLevel.Information, "Configuration was reloaded; the default policy is {Policy}. Changed targets count from the next start.")]
    private static partial void LogReloaded(ILogger logger, string policy);

    [LoggerMessage(1202, LogLevel.Error, "The reloaded configuration is wrong and was not taken; the last good policies stay, {Policy} the default. {Errors}")]
    private static partial void LogKept(ILogger logger, string policy, string errors);
}
