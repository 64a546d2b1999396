using Microsoft.Extensions.Logging;

namespace Hybrid.Engines.Residency;

/// <summary>What is told of loads and unloads.</summary>
internal static partial class ResidencyLog
{
    [LoggerMessage(1, LogLevel.Information, "Loading model {Model}.")]
    public static partial void Loading(ILogger logger, string model);

    [LoggerMessage(2, LogLevel.Information, "Model {Model} is warm after {Seconds:F2} s.")]
    public static partial void Loaded(ILogger logger, string model, double seconds);

    [LoggerMessage(3, LogLevel.Error, "Model {Model} could not be loaded: {Reason}")]
    public static partial void LoadFailed(ILogger logger, string model, string reason);

    [LoggerMessage(4, LogLevel.Information, "Model {Model} is unloaded: {Reason}.")]
    public static partial void Unloading(ILogger logger, string model, string reason);

    [LoggerMessage(5, LogLevel.Warning, "Unloading model {Model} failed; its memory counts as free.")]
    public static partial void UnloadFailed(ILogger logger, string model, Exception error);
}
