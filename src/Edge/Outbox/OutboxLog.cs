using Microsoft.Extensions.Logging;

namespace Hybrid.Edge.Outbox;

/// <summary>What the outbox tells the log.</summary>
internal static partial class OutboxLog
{
    [LoggerMessage(1901, LogLevel.Information, "Outbox: {Records} records wait since before the start.")]
    public static partial void Recovered(ILogger logger, int records);

    [LoggerMessage(1902, LogLevel.Warning, "Outbox: {Places} places ({Bytes} bytes) of '{File}' cannot be read and are passed over; at its end that is what was being written when the power went. All other records are there.")]
    public static partial void Damaged(ILogger logger, string file, int places, long bytes);

    [LoggerMessage(1903, LogLevel.Error, "Outbox: {Count} messages could not be stored, which their callers were told: {Reason}")]
    public static partial void NotStored(ILogger logger, int count, string reason);

    [LoggerMessage(1904, LogLevel.Warning, "Outbox: {Count} records were dropped to make room, the lowest class and the oldest first.")]
    public static partial void DroppedForRoom(ILogger logger, int count);

    [LoggerMessage(1905, LogLevel.Warning, "Outbox: {Count} records were dropped for their age or since nobody needs them any more.")]
    public static partial void Expired(ILogger logger, int count);

    [LoggerMessage(1906, LogLevel.Warning, "Outbox: the broker refused a record of topic '{Topic}': {Reason} It is tried again in {Delay}, and later ones of the topic wait for it.")]
    public static partial void Refused(ILogger logger, string topic, string reason, TimeSpan delay);

    [LoggerMessage(1907, LogLevel.Warning, "Outbox: its folder could not be tidied: {Reason} It is tried again; nothing is lost, and at worst records are sent twice.")]
    public static partial void NotTidied(ILogger logger, string reason);

    [LoggerMessage(1908, LogLevel.Error, "Outbox: a record of topic '{Topic}' cannot be read any more and is passed over.")]
    public static partial void Lost(ILogger logger, string topic);

    [LoggerMessage(1909, LogLevel.Warning, "Outbox: its records could not be read: {Reason} It is tried again.")]
    public static partial void NotRead(ILogger logger, string reason);

    [LoggerMessage(1910, LogLevel.Information, "Outbox: nobody has subscribed to topic '{Topic}', so that nobody could confirm its records. They are kept and tried again in {Delay}.")]
    public static partial void NobodyListens(ILogger logger, string topic, TimeSpan delay);

    [LoggerMessage(1911, LogLevel.Error, "Outbox: confirmations cannot be heard: {Reason} Nothing is sent until they are; it is tried again.")]
    public static partial void NotHeard(ILogger logger, string reason);

    [LoggerMessage(1912, LogLevel.Warning, "Outbox: a confirmation could not be read and is passed over.")]
    public static partial void NotUnderstood(ILogger logger);
}
