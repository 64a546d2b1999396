using Hybrid.Storage;

namespace Hybrid.Edge.Outbox;

internal sealed partial class OutboxStore
{
    /// <summary>Takes records to send; each must come back by <see cref="Sent"/> or <see cref="Returned"/>.</summary>
    /// <param name="most">How many at most.</param>
    /// <param name="wakeAt">Lowered to when a topic that was refused may be tried again, by <see cref="Elapsed"/>.</param>
    public List<(WaitingRecord Waiting, LogRecord Record)> Take(int most, ref long wakeAt)
    {
        List<(WaitingRecord, LogRecord)> taken = [];
        lock (_disk)
        {
            List<WaitingRecord> next = [];
            lock (_lock)
            {
                var now = Now;
                while (next.Count < most && !_closed && _waiting.Next(Elapsed, ref wakeAt) is { } one)
                {
                    if (one.Expires <= now)
                    {
                        _waiting.Remove(one);
                        _counted = _counted with { Expired = _counted.Expired + 1 };
                        continue;
                    }

                    WaitingRecords.Sent(one);
                    next.Add(one);
                }
            }

            foreach (var one in next)
            {
                LogRecord? record = null;
                try
                {
                    record = Read(one);
                }
                catch (Exception exception) when (StorageFaults.IsOurs(exception))
                {
                    OutboxLog.NotRead(_logger, exception.Message);
                    lock (_lock)
                    {
                        foreach (var untaken in next.Skip(taken.Count)) WaitingRecords.Returned(untaken);
                        wakeAt = Math.Min(wakeAt, Elapsed + 1000);
                    }

                    return taken;
                }

                if (record is not null) taken.Add((one, record));
                else
                    lock (_lock) Lose(one);
            }
        }

        return taken;
    }

    /// <summary>The broker has it.</summary>
    public void Sent(WaitingRecord record)
    {
        lock (_lock)
        {
            record.Topic.Refusals = 0;
            record.Topic.NotBefore = 0;
            _waiting.Remove(record);
            _counted = _counted with { Sent = _counted.Sent + 1 };
        }
    }

    /// <summary>It was not sent, and is the next of its topic again.</summary>
    public void Returned(WaitingRecord record)
    {
        lock (_lock) WaitingRecords.Returned(record);
    }

    /// <summary>The broker refused it.</summary>
    /// <param name="record">Which.</param>
    /// <param name="delayOf">How long the topic waits, by how often in a row it was refused.</param>
    /// <returns>That delay.</returns>
    public TimeSpan Refused(WaitingRecord record, Func<int, TimeSpan> delayOf)
    {
        TimeSpan delay;
        lock (_lock)
        {
            WaitingRecords.Returned(record);
            delay = delayOf(++record.Topic.Refusals);
            record.Topic.NotBefore = Elapsed + (long)delay.TotalMilliseconds;
            _counted = _counted with { BrokerRefusals = _counted.BrokerRefusals + 1 };
        }

        return delay;
    }
}
