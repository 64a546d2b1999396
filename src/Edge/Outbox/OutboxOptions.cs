namespace Hybrid.Edge.Outbox;

/// <summary>How a <see cref="DeviceOutbox"/> keeps what is to be sent.</summary>
public sealed record OutboxOptions
{
    /// <summary>The folder; made if it is not there, and used by one process at a time.</summary>
    public required string Path { get; init; }

    /// <summary>Who sends: the first part of every record's id, without a colon, and the same after a restart.</summary>
    public required string Source { get; init; }

    /// <summary>The most bytes that wait, 64 KiB or more; the disk holds at most about twice as many.</summary>
    /// <value>64 MiB</value>
    public long MaxBytes { get; init; } = 64 << 20;

    /// <summary>The longest that a record waits, above 0; then it is dropped and counted.</summary>
    /// <value>7 days</value>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromDays(7);

    /// <summary>The largest payload in bytes, 1 to a quarter of <see cref="MaxBytes"/>; a larger one is refused at once.</summary>
    /// <value>256 KiB, or a quarter of <see cref="MaxBytes"/> if that is less.</value>
    public int? MaxPayload { get; init; }

    /// <summary>What happens to a record for which there is no room.</summary>
    /// <value><see cref="OutboxWhenFull.DropLowest"/></value>
    public OutboxWhenFull WhenFull { get; init; } = OutboxWhenFull.DropLowest;

    /// <summary>How many messages may be under way to the broker at once, 1 to 1,024.</summary>
    /// <value>64</value>
    public int MaxInFlight { get; init; } = 64;

    /// <summary>Where receivers say which records they have, as an <see cref="OutboxReceiver"/> does; records are held until then, and sent again when the connection was lost meanwhile.</summary>
    /// <remarks>A broker that is killed forgets what it acknowledged and has not delivered or written down: so records survive that, too.</remarks>
    /// <value>Null: what the broker acknowledged is done with.</value>
    public string? ConfirmTopic { get; init; }

    /// <summary>How long a record that the broker has may wait for that before it is sent again; above 0.</summary>
    /// <value>A minute</value>
    public TimeSpan ConfirmWithin { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The largest payload in force.</summary>
    internal int LargestPayload => MaxPayload ?? (int)Math.Min(256 << 10, MaxBytes / 4);

    internal int SegmentBytes => (int)Math.Clamp(MaxBytes / 16, 16 << 10, 4 << 20);

    /// <exception cref="HybridException">A figure is out of range.</exception>
    internal void ThrowIfWrong()
    {
        var problem = MaxBytes < 64 << 10 ? $"{nameof(MaxBytes)} is {MaxBytes}; use 64 KiB or more"
            : MaxAge <= TimeSpan.Zero ? $"{nameof(MaxAge)} is {MaxAge}; use a time above 0"
            : LargestPayload < 1 || LargestPayload > MaxBytes / 4 ? $"{nameof(MaxPayload)} is {MaxPayload}; use 1 to a quarter of {nameof(MaxBytes)}"
            : MaxInFlight is < 1 or > 1024 ? $"{nameof(MaxInFlight)} is {MaxInFlight}; use 1 to 1024"
            : ConfirmWithin <= TimeSpan.Zero ? $"{nameof(ConfirmWithin)} is {ConfirmWithin}; use a time above 0"
            : Source.Length == 0 || Source.Contains(':', StringComparison.Ordinal) ? $"{nameof(Source)} is '{Source}'; use a name without a colon"
            : null;
        if (problem is not null) throw new HybridException(HybridError.Configuration, $"The outbox cannot be opened: {problem}. Nothing was changed.");
    }
}

/// <summary>What happens to a record for which there is no room.</summary>
public enum OutboxWhenFull
{
    /// <summary>Waiting records of the lowest class go, the oldest first, but none of a higher class than the new one; without such, it is refused.</summary>
    DropLowest,

    /// <summary>It is refused, and what waits stays.</summary>
    Refuse,
}
