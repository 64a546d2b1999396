using Hybrid.Storage;

namespace Hybrid.Edge.Outbox;

internal sealed partial class OutboxStore
{
    /// <summary>Takes records to send; each must come back by <see cref="Sent"/> or <see cref="Returned"/>.</summary>
    /// <param name="most">How many at most.</param>
    /// <param name="wakeAt">Lowered to when a topic that was refused may be tried again, by <see cref="Elapsed"/>.</param>
    public List<SendingRecord> Take(int most, ref long wakeAt)
    {
        List<SendingRecord> taken = [];
        lock (_disk)
        {
            List<(WaitingRecord Waiting, long? After)> next = [];
            lock (_lock)
            {
                var now = Now;
                while (next.Count < most && !_closed && _waiting.Next(Elapsed, ref wakeAt) is { } one)
                {
                    if (one.Expires <= now)
                    {
                        Forget(one);
                        _counted = _counted with { Expired = _counted.Expired + 1 };
                        continue;
                    }

                    _waiting.Sent(one);
                    if (_options.ConfirmTopic is not null) _sent[one.Number] = one;
                    next.Add((one, _options.ConfirmTopic is null ? null : one.InTopic.Previous?.Value.Number));
                }
            }

            foreach (var (one, after) in next)
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
                        foreach (var (untaken, _) in next.Skip(taken.Count)) WaitingRecords.Returned(untaken);
                        wakeAt = Math.Min(wakeAt, Elapsed + 1000);
                    }

                    return taken;
                }

                if (record is not null) taken.Add(new(one, record, after));
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
            record.Topic.IsOpen = true;
            record.Topic.Refusals = 0;
            record.Topic.NotBefore = 0;
            if (_options.ConfirmTopic is null || record.IsConfirmed) Done(record);
            else if (record.IsStale) WaitingRecords.Returned(record);
            else
            {
                _waiting.Delivered(record);
                _delivered.Enqueue((record, Elapsed));
            }
        }
    }

    /// <summary>Their receiver has them.</summary>
    public void Confirmed(IEnumerable<long> numbers)
    {
        lock (_lock)
        {
            foreach (var number in numbers)
            {
                if (!_sent.TryGetValue(number, out var record)) continue;
                if (record.InFlight) record.IsConfirmed = true;
                else Done(record);
            }
        }
    }

    /// <summary>The broker may have forgotten what it had: it is sent again.</summary>
    public void SendAgain()
    {
        lock (_lock)
        {
            _waiting.Again();
            _delivered.Clear();
        }
    }

    /// <summary>Has topics sent again of which nobody confirmed a record within the time.</summary>
    /// <returns>When to look again, by <see cref="Elapsed"/>.</returns>
    public long SendLateAgain()
    {
        lock (_lock)
        {
            while (_delivered.TryPeek(out var first))
            {
                var due = first.At + (long)_options.ConfirmWithin.TotalMilliseconds;
                if (first.Record.IsDelivered)
                {
                    if (due > Elapsed) return due;
                    _waiting.Again(first.Record.Topic);
                    Work.Set();
                }

                _delivered.Dequeue();
            }

            return long.MaxValue;
        }
    }

    private void Done(WaitingRecord record)
    {
        Forget(record);
        _counted = _counted with { Sent = _counted.Sent + 1 };
    }

    /// <summary>Takes a record out that waits no more; the caller holds the lock.</summary>
    private void Forget(WaitingRecord record)
    {
        _waiting.Remove(record);
        _sent.Remove(record.Number);
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
