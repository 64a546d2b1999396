using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Hybrid.Storage;

namespace Hybrid.Edge.Inference;

/// <summary>Which requests were taken, for which a word was said, and which have their answer: on disk, so that a restart forgets none.</summary>
/// <remarks>
/// A request is a file that is renamed as it goes on: <c>.asked</c>, <c>.said</c> before its first word leaves, and at last an empty
/// <c>.done</c>, which is kept for a while so that a second delivery is known. Thread-safe.
/// </remarks>
internal sealed class RequestLedger : IDisposable
{
    private const string Asked = ".asked";
    private const string Said = ".said";
    private const string Done = ".done";
    private readonly Lock _lock = new();
    private readonly RecordFolder _folder;
    private readonly TimeProvider _time;
    private readonly TimeSpan _remember;
    private readonly int _most;
    private readonly HashSet<string> _open = [];
    private readonly Dictionary<string, DateTimeOffset> _done = [];
    private readonly Queue<string> _order = new();

    private RequestLedger(RecordFolder folder, TimeSpan remember, int most, TimeProvider time) => (_folder, _remember, _most, _time) = (folder, remember, most, time);

    /// <summary>Opens it, and gives what an earlier process left: requests to be run, and those whose answer it began and did not end.</summary>
    /// <exception cref="HybridException">The folder cannot be used (<see cref="HybridError.Storage"/>).</exception>
    public static (RequestLedger Ledger, IReadOnlyList<BusRequest> Open, IReadOnlyList<BusRequest> Broken) Open(string path, TimeSpan remember, int most, TimeProvider time, IDisk disk)
    {
        var ledger = new RequestLedger(RecordFolder.Open(path, disk), remember, most, time);
        List<BusRequest> open = [], broken = [];
        foreach (var (name, changed) in ledger._folder.All)
        {
            var key = Path.GetFileNameWithoutExtension(name);
            if (Path.GetExtension(name) is Done) ledger.Remember(key, changed);
            else if (Path.GetExtension(name) is Asked or Said && ledger.TryRead(name) is { } request && request.Key == key && ledger._open.Add(key)) (name.EndsWith(Asked, StringComparison.Ordinal) ? open : broken).Add(request);
            else ledger._folder.Remove(name); // none of ours, or a half that no power loss of ours leaves
        }

        ledger.Forget();
        return (ledger, [.. open.OrderBy(one => one.AskedAt)], broken);
    }

    /// <summary>How many have no answer yet.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _open.Count;
        }
    }

    /// <summary>Takes a request; false where it was taken before.</summary>
    /// <exception cref="HybridException">It could not be written, and was not taken (<see cref="HybridError.Storage"/>).</exception>
    public bool TryTake(BusRequest request)
    {
        lock (_lock)
        {
            Forget();
            if (_done.ContainsKey(request.Key) || _open.Contains(request.Key)) return false;
            _folder.Put(request.Key + Asked, Write(request));
            _open.Add(request.Key);
            return true;
        }
    }

    /// <summary>Whether it was taken before.</summary>
    public bool Knows(BusRequest request)
    {
        lock (_lock) return _done.ContainsKey(request.Key) || _open.Contains(request.Key);
    }

    /// <summary>A request that was not taken has its answer; where that cannot be written, it is known to this process alone.</summary>
    public void Refuse(BusRequest request)
    {
        lock (_lock)
        {
            Remember(request.Key, _time.GetUtcNow());
            try
            {
                _folder.Put(request.Key + Done, []);
            }
            catch (HybridException)
            {
                // A full disk is why it was refused, or will be why the next one is.
            }
        }
    }

    /// <summary>The first word is about to leave: from now on it is not run again.</summary>
    public void Begin(BusRequest request)
    {
        lock (_lock) _folder.Rename(request.Key + Asked, request.Key + Said);
    }

    /// <summary>The answer's end has left.</summary>
    public void End(BusRequest request)
    {
        lock (_lock)
        {
            _folder.Put(request.Key + Done, []);
            _folder.Remove(request.Key + Asked, request.Key + Said);
            _open.Remove(request.Key);
            Remember(request.Key, _time.GetUtcNow());
            Forget();
        }
    }

    public void Dispose() => _folder.Dispose();

    private void Remember(string key, DateTimeOffset at)
    {
        if (_done.TryAdd(key, at)) _order.Enqueue(key);
    }

    private void Forget()
    {
        var now = _time.GetUtcNow();
        while (_order.TryPeek(out var oldest) && (_order.Count > _most || now - _done[oldest] > _remember))
        {
            _folder.Remove(_order.Dequeue() + Done);
            _done.Remove(oldest);
        }
    }

    private BusRequest? TryRead(string name)
    {
        try
        {
            var bytes = _folder.Read(name);
            var line = bytes.AsSpan().IndexOf((byte)'\n');
            if (line < 0) return null;
            using var head = JsonDocument.Parse(bytes.AsMemory(0, line));
            var root = head.RootElement;
            return new(
                root.GetProperty("reply").GetString()!, root.GetProperty("correlation").GetBytesFromBase64(), root.GetProperty("id").GetString(),
                root.GetProperty("asked").GetDateTimeOffset(), root.GetProperty("until") is { ValueKind: JsonValueKind.String } until ? until.GetDateTimeOffset() : null, bytes[(line + 1)..]);
        }
        catch (Exception unread) when (unread is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            return null;
        }
    }

    private static byte[] Write(BusRequest request)
    {
        var buffer = new ArrayBufferWriter<byte>(request.Body.Length + 256);
        using (var head = new Utf8JsonWriter(buffer))
        {
            head.WriteStartObject();
            head.WriteString("reply", request.ReplyTopic);
            head.WriteBase64String("correlation", request.Correlation);
            head.WriteString("id", request.Id);
            head.WriteString("asked", request.AskedAt);
            if (request.Until is { } until) head.WriteString("until", until.ToString("O", CultureInfo.InvariantCulture));
            else head.WriteNull("until");
            head.WriteEndObject();
        }

        buffer.Write("\n"u8);
        buffer.Write(request.Body);
        return buffer.WrittenSpan.ToArray();
    }
}
