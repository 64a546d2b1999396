using Microsoft.Extensions.Logging;

namespace Hybrid.Cli.Agent;

internal static partial class AgentLog
{
    public const string Category = "Hybrid.Agent";

    [LoggerMessage(4501, LogLevel.Information, "Apps are answered at {Address}; {Parts}.")]
    public static partial void Started(ILogger logger, Uri address, string parts);

    [LoggerMessage(4502, LogLevel.Information, "The configuration was read again. {Restart}")]
    public static partial void Reloaded(ILogger logger, string restart);

    [LoggerMessage(4503, LogLevel.Error, "The configuration is wrong and was not taken; what was in force before still is. {Reason}")]
    public static partial void NotReloaded(ILogger logger, string reason);

    [LoggerMessage(4504, LogLevel.Information, "Stopping: new requests are refused, running ones have {Grace} to end.")]
    public static partial void Stopping(ILogger logger, TimeSpan grace);

    [LoggerMessage(4505, LogLevel.Information, "Stopped.")]
    public static partial void Stopped(ILogger logger);
}
