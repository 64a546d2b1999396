using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Hybrid.Accounting;
using Hybrid.Policy.Learning;
using Microsoft.Extensions.Logging;

namespace Hybrid.Policy.Log;

/// <summary>Writes decisions, outcomes and feedback down in the background; no request waits for it.</summary>
/// <remarks>
/// Thread-safe. What cannot be written (the queue or the disk is full, the file is another process's) is counted: in the meter, in a
/// warning, and in the log itself as soon as it can be written again. Nothing is written after disposing, which waits for the queue.
/// </remarks>
internal sealed partial class DecisionLog : IAsyncDisposable
{
    private static readonly Meter Meter = new(HybridMeter.Name);
    private static readonly Counter<long> Unlogged = Meter.CreateCounter<long>("hybrid.decision_log.lost", "{record}", "Records that the decision log could not take, by kind: decision, outcome or feedback.");

    private readonly Channel<LogItem> _queue;
    private readonly LogFile _file;
    private readonly LogLines _lines = new();
    private readonly DecisionLogOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly Task _writing;
    private LoggedLoss _lost = new(0, 0, "");
    private bool _disposed;

    public DecisionLog(DecisionLogOptions options, TimeProvider time, ILogger logger, Func<string, Stream>? open = null)
    {
        (_options, _time, _logger) = (options, time, logger);
        _file = new(options, open ?? LogFile.OpenToAppend);
        _queue = Channel.CreateBounded<LogItem>(new BoundedChannelOptions(options.QueueLength) { SingleReader = true });
        _writing = Task.Run(WriteAllAsync);
    }

    /// <summary>Writes a decision down, with what was known of each target.</summary>
    public void Decided(string id, Decision decision, LearnedBias[] learned) => Enqueue(new(_time.GetUtcNow(), id) { Decision = decision, Learned = learned });

    /// <summary>Writes down what came of a decision.</summary>
    public void Settled(string id, Outcome outcome) => Enqueue(new(_time.GetUtcNow(), id) { Outcome = outcome });

    /// <summary>Writes feedback down.</summary>
    public void Rated(string id, double score) => Enqueue(new(_time.GetUtcNow(), id) { Score = score });

    public async ValueTask DisposeAsync()
    {
        lock (_lock)
            _disposed = true;
        _queue.Writer.TryComplete();
        await _writing.ConfigureAwait(false);
    }

    private void Enqueue(LogItem item)
    {
        if (!_queue.Writer.TryWrite(item))
            Lose(item, _disposed ? "the log was closed before" : $"more than {_options.QueueLength} records waited to be written");
    }

    private async Task WriteAllAsync()
    {
        await foreach (var item in _queue.Reader.ReadAllAsync().ConfigureAwait(false))
            Write(item);
        Write(null);
        _file.Dispose();
        lock (_lock)
        {
            if (_lost is not { Decisions: 0, OtherRecords: 0 })
                LogNeverWritten(_logger, _options.Path, _lost.Decisions, _lost.OtherRecords, _lost.Reason);
        }
    }

    /// <summary>Writes what was lost so far, if anything was, and the item.</summary>
    private void Write(LogItem? item)
    {
        LoggedLoss lost;
        lock (_lock)
            lost = _lost;
        try
        {
            if (item is null && lost is { Decisions: 0, OtherRecords: 0 })
                return;
            if (_file.Open())
                _lines.Restart();
            Compose(lost, item);
            if (_file.IsFullFor(_lines.Written.Length))
            {
                _file.Rotate();
                _lines.Restart();
                Compose(lost, item);
            }

            _file.Write(_lines.Written);
            Told(lost);
        }
        catch (Exception error) // whatever it is, the requests go on and the loss is told
        {
            CloseAfterFault();
            if (item is not null)
                Lose(item, error.Message);
        }
    }

    private void Compose(LoggedLoss lost, LogItem? item)
    {
        _lines.Clear();
        if (lost is not { Decisions: 0, OtherRecords: 0 })
            _lines.Add(new LogRecord { Time = _time.GetUtcNow(), Lost = lost });
        if (item is not null)
            _lines.Add(item);
    }

    private void Told(LoggedLoss lost)
    {
        if (lost is { Decisions: 0, OtherRecords: 0 })
            return;
        lock (_lock)
            _lost = _lost with { Decisions = _lost.Decisions - lost.Decisions, OtherRecords = _lost.OtherRecords - lost.OtherRecords };
        LogWritingAgain(_logger, _options.Path, lost.Decisions, lost.OtherRecords);
    }

    private void Lose(LogItem item, string reason)
    {
        bool first;
        lock (_lock)
        {
            first = _lost is { Decisions: 0, OtherRecords: 0 };
            _lost = item.Decision is null
                ? _lost with { OtherRecords = _lost.OtherRecords + 1, Reason = reason }
                : _lost with { Decisions = _lost.Decisions + 1, Reason = reason };
        }

        var kind = item.Decision is not null ? "decision" : item.Outcome is not null ? "outcome" : "feedback";
        Unlogged.Add(1, new KeyValuePair<string, object?>("kind", kind));
        if (first)
            LogLosing(_logger, _options.Path, reason);
    }

    private void CloseAfterFault()
    {
        try
        {
            _file.Close();
        }
        catch (IOException)
        {
            // A full disk may refuse the last flush too; the record that was lost is counted already.
        }
    }

    [LoggerMessage(1311, LogLevel.Warning, "Decisions are not logged to {Path}: {Reason}. Requests go on; what is not logged is counted. Make room, or choose another Hybrid:DecisionLog:Path.")]
    private static partial void LogLosing(ILogger logger, string path, string reason);

    [LoggerMessage(1312, LogLevel.Warning, "The decision log {Path} is written again; {Decisions} decisions and {Others} other records are missing from it.")]
    private static partial void LogWritingAgain(ILogger logger, string path, long decisions, long others);

    [LoggerMessage(1313, LogLevel.Warning, "The decision log {Path} was closed without {Decisions} decisions and {Others} other records: {Reason}.")]
    private static partial void LogNeverWritten(ILogger logger, string path, long decisions, long others, string reason);
}
