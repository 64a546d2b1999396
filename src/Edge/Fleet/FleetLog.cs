using Microsoft.Extensions.Logging;

namespace Hybrid.Edge.Fleet;

/// <summary>What the fleet's part tells the log.</summary>
internal static partial class FleetLog
{
    [LoggerMessage(2001, LogLevel.Error, "Fleet: '{File}' is damaged and was set aside as '.damaged'. The device goes on without what its fleet said, until it says it again.")]
    public static partial void Damaged(ILogger logger, string file);

    [LoggerMessage(2002, LogLevel.Error, "Fleet: what the device should remember could not be written: {Reason}")]
    public static partial void NotRemembered(ILogger logger, string reason);

    [LoggerMessage(2003, LogLevel.Error, "Fleet: the device started {Starts} times under a new state and was never well; the state before is back.")]
    public static partial void CameNotUp(ILogger logger, int starts);

    [LoggerMessage(2004, LogLevel.Warning, "Fleet: a document that was accepted before does not count any more: {Reason}.")]
    public static partial void Forgotten(ILogger logger, string reason);

    [LoggerMessage(2005, LogLevel.Information, "Fleet: version {Version} of the {Scope}'s desired state is in force.")]
    public static partial void Applied(ILogger logger, long version, string scope);

    [LoggerMessage(2006, LogLevel.Warning, "Fleet: a desired state of the {Scope} was refused ({Code}): {Reason}. The last good state stays.")]
    public static partial void Refused(ILogger logger, string scope, string code, string reason);

    [LoggerMessage(2007, LogLevel.Warning, "Fleet: the broker refused this device: {Reason} It is tried again.")]
    public static partial void NotLetIn(ILogger logger, string reason);

    [LoggerMessage(2008, LogLevel.Warning, "Fleet: nothing could be reported: {Reason} It is tried again.")]
    public static partial void NotReported(ILogger logger, string reason);

    [LoggerMessage(2009, LogLevel.Warning, "Fleet: {Count} records of telemetry were lost: {Reason}")]
    public static partial void TelemetryLost(ILogger logger, int count, string reason);

    [LoggerMessage(2010, LogLevel.Information, "Fleet: command {Command} ({Id}) ended: {Outcome}.")]
    public static partial void CommandEnded(ILogger logger, string command, string id, string outcome);

    [LoggerMessage(2011, LogLevel.Warning, "Fleet: a command was refused ({Code}): {Reason}.")]
    public static partial void CommandRefused(ILogger logger, string code, string reason);

    [LoggerMessage(2012, LogLevel.Warning, "Fleet: model '{Model}' could not be fetched: {Reason}")]
    public static partial void ModelNotFetched(ILogger logger, string model, string reason);

    [LoggerMessage(2013, LogLevel.Error, "Fleet: a part of it failed and goes on: {Reason}")]
    public static partial void PartFailed(ILogger logger, string reason);
}
