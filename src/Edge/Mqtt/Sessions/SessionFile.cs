using System.Buffers;
using Hybrid.Edge.Mqtt.Packets;
using Hybrid.Storage;
using Microsoft.Extensions.Logging;

namespace Hybrid.Edge.Mqtt.Sessions;

/// <summary>The client's half of a session, in a file that is appended to and now and then written anew.</summary>
/// <remarks>
/// A record reaches the system before the packet that depends on it leaves, so it outlives the process. It reaches the disk when the system
/// writes it, or when the file is written anew. What is torn at the end after a power loss is left out.
/// </remarks>
internal sealed class SessionFile : IDisposable
{
    private const long Small = 1 << 20;

    private readonly Lock _lock = new();
    private readonly string _path;
    private readonly string _client;
    private readonly ILogger _logger;
    private readonly IDisk _disk;
    private readonly FileLock _owner;
    private readonly SessionState _state;
    private readonly ArrayBufferWriter<byte> _record = new();
    private FileStream? _file;
    private long _length;
    private long _limit;
    private bool _disposed;

    private SessionFile(string path, string client, ILogger logger, IDisk disk, FileLock owner)
    {
        (_path, _client, _logger, _disk, _owner) = (path, client, logger, disk, owner);
        _state = SessionState.Read(File.Exists(path) ? File.ReadAllBytes(path) : default, client);
        WriteAnew();
    }

    /// <summary>Messages to the broker that it has not answered, by number.</summary>
    public IReadOnlyDictionary<ushort, KeptMessage> Messages => _state.Messages;

    /// <summary>Numbers of messages from the broker that were handled and may come again.</summary>
    public IReadOnlyCollection<ushort> Handled => _state.Handled;

    /// <exception cref="HybridException">It cannot be read or written, or is in use (<see cref="HybridError.Storage"/>).</exception>
    public static SessionFile Open(string path, string client, ILogger logger, IDisk disk)
    {
        const string kept = "What it holds is as it was.";
        path = Path.GetFullPath(path);
        FileLock? owner = null;
        try
        {
            disk.CreateFolder(Path.GetDirectoryName(path)!);
            owner = FileLock.TryTake(path + ".lock")
                ?? throw new HybridException(HybridError.Storage, $"The session in '{path}' is in use by another client. Nothing was sent; give each client its own SessionPath.");
            return new(path, client, logger, disk, owner);
        }
        catch (PacketException problem)
        {
            owner?.Dispose();
            throw new HybridException(HybridError.Storage, $"The session in '{path}' cannot be used: {problem.Message}. {kept} Name another SessionPath, or delete it.", problem);
        }
        catch (Exception exception) when (StorageFaults.IsOurs(exception))
        {
            owner?.Dispose();
            throw StorageFaults.Translate(exception, $"The session in '{path}' cannot be kept", kept);
        }
    }

    /// <exception cref="HybridException">It could not be kept, and must not be sent.</exception>
    public void Sent(ushort id, KeptMessage kept)
    {
        lock (_lock)
        {
            SessionRecord.WriteSent(_record, id, kept);
            Append($"The message for '{kept.Message.Topic}' was not sent, for it could not be kept");
            _state.Messages[id] = kept;
        }
    }

    /// <summary>The broker has it.</summary>
    public void Released(ushort id)
    {
        lock (_lock)
        {
            if (_state.Messages.TryGetValue(id, out var kept)) _state.Messages[id] = kept with { IsReleased = true };
            SessionRecord.WriteNumber(_record, SessionRecord.Kind.Released, id);
            TryAppend();
        }
    }

    /// <summary>Its number is free.</summary>
    public void Answered(ushort id)
    {
        lock (_lock)
        {
            if (!_state.Messages.Remove(id)) return;
            SessionRecord.WriteNumber(_record, SessionRecord.Kind.Answered, id);
            TryAppend();
        }
    }

    /// <exception cref="HybridException">It could not be kept, and the broker must not be told.</exception>
    public void Keep(ushort handled)
    {
        lock (_lock)
        {
            SessionRecord.WriteNumber(_record, SessionRecord.Kind.Handled, handled);
            Append("A message that arrived is not acknowledged, for that could not be kept");
            _state.Handled.Add(handled);
        }
    }

    /// <summary>The broker will not send it again.</summary>
    public void Settled(ushort id)
    {
        lock (_lock)
        {
            if (!_state.Handled.Remove(id)) return;
            SessionRecord.WriteNumber(_record, SessionRecord.Kind.Settled, id);
            TryAppend();
        }
    }

    /// <summary>The broker has forgotten the session.</summary>
    public void Renewed()
    {
        lock (_lock)
        {
            _state.Renew();
            SessionRecord.WriteNumber(_record, SessionRecord.Kind.Renewed, 0);
            TryAppend();
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            Close();
            _owner.Dispose();
        }
    }

    private void TryAppend()
    {
        try
        {
            Append("A step could not be kept");
        }
        catch (HybridException failure)
        {
            MqttLog.NotKept(_logger, _path, failure.Message);
        }
    }

    private void Append(string what)
    {
        if (_disposed)
        {
            _record.ResetWrittenCount();
            throw new HybridException(HybridError.Storage, $"{what}: the client was disposed. What was kept before is as it was.");
        }

        try
        {
            if (_file is null) WriteAnew();
            _file!.Write(_record.WrittenSpan);
            _length += _record.WrittenCount;
        }
        catch (Exception exception) when (StorageFaults.IsOurs(exception))
        {
            Close();
            throw StorageFaults.Translate(exception, what, "What was kept before is as it was.");
        }
        finally
        {
            _record.ResetWrittenCount();
        }

        if (_length <= _limit) return;
        try
        {
            WriteAnew();
        }
        catch (Exception exception) when (StorageFaults.IsOurs(exception))
        {
            Close();
            MqttLog.NotKept(_logger, _path, exception.Message);
        }
    }

    // What could not be written may lie half in the file: nothing is appended behind it, and the next record has the file written anew.
    private void Close()
    {
        _file?.Dispose();
        _file = null;
    }

    private void WriteAnew()
    {
        var whole = new ArrayBufferWriter<byte>();
        SessionRecord.WriteClient(whole, _client);
        foreach (var (id, kept) in _state.Messages.OrderBy(one => one.Value.Order))
        {
            SessionRecord.WriteSent(whole, id, kept);
            if (kept.IsReleased) SessionRecord.WriteNumber(whole, SessionRecord.Kind.Released, id);
        }

        foreach (var id in _state.Handled) SessionRecord.WriteNumber(whole, SessionRecord.Kind.Handled, id);
        var temporary = _path + ".new";
        Close();
        _disk.Delete(temporary);
        _disk.Write(temporary, whole.WrittenSpan);
        _disk.Move(temporary, _path);
        _disk.FlushFolder(Path.GetDirectoryName(_path)!);
        _file = new FileStream(_path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        _length = whole.WrittenCount;
        _limit = Math.Max(Small, 4 * _length);
    }
}
