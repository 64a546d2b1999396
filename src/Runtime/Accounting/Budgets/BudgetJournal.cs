using System.Text;
using Microsoft.Extensions.Logging;

namespace Hybrid.Accounting.Budgets;

/// <summary>Writes the ledger's lines behind each other, those that come meanwhile in one write and one flush.</summary>
/// <remarks>
/// Lines are queued under the ledger's lock, so that the file has them in the order in which they counted. After a failed write
/// nobody knows what is on the disk, so the next one replaces the file by what the ledger knows.
/// </remarks>
internal sealed class BudgetJournal(BudgetFile file, Lock gate, Func<string> snapshot, ILogger logger, long compactAt) : IAsyncDisposable
{
    private readonly StringBuilder _lines = new();
    private TaskCompletionSource? _waiting;
    private Task _writer = Task.CompletedTask;
    private long _compactAt = Math.Max(compactAt, 2 * file.Length);
    private bool _writing;
    private bool _broken;
    private bool _closed;

    /// <summary>Flushes to disk so far.</summary>
    public int Flushes { get; private set; }

    /// <summary>Queues a line; the caller holds the lock. The task of a durable one ends when it is on the disk.</summary>
    public Task Append(string line, bool durable)
    {
        if (_closed) return durable ? Task.FromException(Closed()) : Task.CompletedTask;
        _lines.Append(line).Append('\n');
        var written = durable ? (_waiting ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task : Task.CompletedTask;
        if (!_writing)
        {
            _writing = true;
            _writer = Task.Run(Write);
        }

        return written;
    }

    public async ValueTask DisposeAsync()
    {
        Task writer;
        lock (gate)
        {
            _closed = true;
            writer = _writer;
        }

        await writer;
        try
        {
            if (_broken) file.Replace(Snapshot());
            else file.Flush();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            BudgetLog.NotWritten(logger, file.Path, failure.Message);
        }

        file.Dispose();
    }

    private static HybridException Closed() =>
        new(HybridError.Storage, "The budget ledger is closed. Nothing was sent. Keep it open as long as a client uses it.");

    private void Write()
    {
        while (true)
        {
            string lines;
            string? whole;
            TaskCompletionSource? waiting;
            lock (gate)
            {
                if (_lines.Length == 0)
                {
                    _writing = false;
                    return;
                }

                (lines, waiting) = (_lines.ToString(), _waiting);
                _lines.Clear();
                _waiting = null;
                // What is queued has counted already, so the snapshot holds it.
                whole = _broken || file.Length > _compactAt ? snapshot() : null;
            }

            try
            {
                Write(lines, whole, waiting is not null);
                waiting?.SetResult();
            }
            catch (Exception failure)
            {
                _broken = true;
                BudgetLog.NotWritten(logger, file.Path, failure.Message);
                waiting?.SetException(new HybridException(HybridError.Storage, $"The budget file '{file.Path}' could not be written: {failure.Message} What was reserved is free again.", failure));
                _ = waiting?.Task.Exception; // whoever waited may have been cancelled
            }
        }
    }

    private void Write(string lines, string? whole, bool durable)
    {
        if (whole is not null)
        {
            file.Replace(whole);
            _broken = false;
            _compactAt = Math.Max(compactAt, 2 * file.Length);
            Flushes++;
            return;
        }

        file.Append(lines);
        if (!durable) return;
        file.Flush();
        Flushes++;
    }

    private string Snapshot()
    {
        lock (gate) return snapshot();
    }
}
