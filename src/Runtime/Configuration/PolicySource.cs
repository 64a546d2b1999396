using Hybrid.Policy;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Hybrid.Configuration;

/// <summary>The policies in force: follows the configuration, and keeps the last good ones when a reload is wrong.</summary>
/// <remarks>A reload changes policies, the default policy and the default privacy class. Targets are made once, at start.</remarks>
internal sealed partial class PolicySource : IDisposable
{
    private readonly Lock _reloading = new();
    private readonly IOptionsMonitor<HybridOptions> _monitor;
    private readonly ILogger _logger;
    private readonly IDisposable? _subscription;
    private volatile PolicySet _current;
    private volatile string? _problem;
    private bool _stated;

    public PolicySource(IOptionsMonitor<HybridOptions> monitor, ILogger logger)
    {
        (_monitor, _logger) = (monitor, logger);
        var options = monitor.CurrentValue;
        (_current, _stated) = (Read(options), options.StatesPolicies);
        _subscription = monitor.OnChange(_ => Reload());
    }

    public PolicySet Current => _current;

    /// <summary>Why what is configured is not in force; null: it is.</summary>
    public string? Problem => _problem;

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

    /// <summary>Takes what is configured now, not what this change was told of: of two files that change at once, the later must win.</summary>
    private void Reload()
    {
        lock (_reloading)
        {
            try
            {
                var options = _monitor.CurrentValue;
                var read = Read(options);
                if (_stated && !options.StatesPolicies) throw Vanished();
                (_current, _stated, _problem) = (read, options.StatesPolicies, null);
                LogReloaded(_logger, read.Default.Name);
            }
            catch (HybridException error)
            {
                _problem = error.Message;
                LogKept(_logger, _current.Default.Name, error.Message);
            }
        }
    }

    /// <summary>A file that is deleted, emptied or half written looks so; walls must not fall with it.</summary>
    private static HybridException Vanished() => new(
        HybridError.Configuration,
        $"{HybridOptions.Section}: {nameof(HybridOptions.Policy)}, {nameof(HybridOptions.Privacy)} and {nameof(HybridOptions.Policies)} are all gone, as when a file is missing or empty; to go back to the defaults, write \"{nameof(HybridOptions.Policy)}\": \"{PolicyPresets.Balanced.Name}\"");

    [LoggerMessage(1201, LogLevel.Information, "Configuration was reloaded; the default policy is {Policy}. Changed targets count from the next start.")]
    private static partial void LogReloaded(ILogger logger, string policy);

    [LoggerMessage(1202, LogLevel.Error, "The reloaded configuration is wrong and was not taken; the last good policies stay, {Policy} the default. {Errors}")]
    private static partial void LogKept(ILogger logger, string policy, string errors);
}
