using Microsoft.Extensions.Logging;

namespace Hybrid.Edge.Mqtt;

/// <summary>What the client tells the log: hosts, topics and reasons, never a payload or a password.</summary>
internal static partial class MqttLog
{
    [LoggerMessage(1801, LogLevel.Information, "Connected to the broker {Host}; it {Session} the session.")]
    public static partial void Connected(ILogger logger, string host, string session);

    [LoggerMessage(1802, LogLevel.Warning, "The connection to the broker {Host} is lost: {Reason}. The next attempt comes in {Seconds:0.0} s.")]
    public static partial void Lost(ILogger logger, string host, string reason, double seconds);

    [LoggerMessage(1803, LogLevel.Error, "The handler of '{Filter}' failed on a message for '{Topic}'; one that must arrive comes again with the next connection.")]
    public static partial void HandlerFailed(ILogger logger, string filter, string topic, Exception failure);

    [LoggerMessage(1804, LogLevel.Warning, "The broker does not grant the subscription '{Filter}': {Reason}. It is asked again with the next connection.")]
    public static partial void NotGranted(ILogger logger, string filter, string reason);

    [LoggerMessage(1805, LogLevel.Warning, "The broker grants the subscription '{Filter}' with quality of service {Granted} only.")]
    public static partial void GrantedLess(ILogger logger, string filter, int granted);

    [LoggerMessage(1806, LogLevel.Warning, "The handler of '{Filter}' is too slow: of its messages that may get lost, {Dropped} are dropped so far.")]
    public static partial void Dropped(ILogger logger, string filter, long dropped);

    [LoggerMessage(1807, LogLevel.Error, "The session in '{Path}' could not be written: {Problem} What was written before is kept.")]
    public static partial void NotKept(ILogger logger, string path, string problem);
}
