using Hybrid.Edge.Mqtt;
using Hybrid.Policy.Learning;
using Hybrid.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.Edge.Outbox;

/// <summary>Messages that wait on the disk until a broker has them. Thread-safe.</summary>
/// <remarks>
/// What was stored survives a crash and a power loss, and arrives once or more often, in the order of its topic; a
/// <see cref="RepeatFilter"/> at the receiver drops repeats. Where the broker refuses one record of a topic while others of it are
/// under way, those may come before it.
/// </remarks>
public sealed class DeviceOutbox : IAsyncDisposable
{
    private readonly OutboxStore _store;
    private readonly OutboxOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Func<double> _draw;
    private int _sending;

    internal DeviceOutbox(ILogDisk folder, OutboxOptions options, TimeProvider time, ILogger logger, Func<double>? draw = null, OutboxBug bug = OutboxBug.None)
    {
        (_options, _time, _logger, _draw) = (options, time, logger, draw ?? new EvenChance().Draw);
        _store = new(folder, options, time, logger, bug);
    }

    /// <summary>What it holds, and what became of its records: an immutable snapshot.</summary>
    public OutboxCounters Counters => _store.Counters;

    /// <summary>Opens an outbox, with all that the last process left.</summary>
    /// <exception cref="HybridException">An option is out of range, another process has the folder, or it cannot be read.</exception>
    public static DeviceOutbox Open(OutboxOptions options, TimeProvider? time = null, ILogger? logger = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.ThrowIfWrong();
        var folder = LogFolder.Open(options.Path);
        try
        {
            return new(folder, options, time ?? TimeProvider.System, logger ?? NullLogger.Instance);
        }
        catch (Exception exception)
        {
            folder.Dispose();
            if (!StorageFaults.IsOurs(exception)) throw;
            throw StorageFaults.Translate(exception, $"The outbox '{options.Path}' could not be read", "Nothing was changed.");
        }
    }

    /// <summary>Stores a message; returns when it is on the disk for good. What comes at the same time shares a flush.</summary>
    /// <remarks>Cancelled while it is being written, it may be stored all the same.</remarks>
    /// <exception cref="HybridException">It is not stored: there is no room, the disk failed, or it cannot be sent as it is.</exception>
    public Task AppendAsync(OutboxMessage message, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (cancellationToken.IsCancellationRequested) return Task.FromCanceled(cancellationToken);
        try
        {
            var stored = _store.Append(message);
            return cancellationToken.CanBeCanceled ? stored.WaitAsync(cancellationToken) : stored;
        }
        catch (HybridException refusal)
        {
            return Task.FromException(refusal);
        }
    }

    /// <summary>Sends what waits and what comes, until it is cancelled, which ends it without an exception; once at a time.</summary>
    /// <param name="client">Where to; the caller starts it, before or after.</param>
    /// <param name="cancellationToken">Ends it; what is under way then is sent again by the next call.</param>
    public async Task SendAsync(IMqttClient client, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(client);
        if (Interlocked.Exchange(ref _sending, 1) != 0) throw new HybridException(HybridError.InvalidRequest, "The outbox is being sent already. Nothing was changed. End the first SendAsync before another begins.");
        try
        {
            await new OutboxSender(_store, client, _options, _time, _draw, _logger).RunAsync(cancellationToken);
        }
        finally
        {
            Volatile.Write(ref _sending, 0);
        }
    }

    /// <summary>Writes what is on its way to the disk, and closes; what was not sent waits for the next start.</summary>
    public ValueTask DisposeAsync() => _store.DisposeAsync();
}
