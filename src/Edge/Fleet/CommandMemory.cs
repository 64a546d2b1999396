using System.Text.Json;
using Hybrid.Storage;
using Microsoft.Extensions.Logging;

namespace Hybrid.Edge.Fleet;

/// <summary>Which commands were begun, on the disk before they are: so none is done twice, also when the power goes in the middle.</summary>
internal sealed class CommandMemory
{
    public const int Most = 1000;
    private readonly Lock _lock = new();
    private readonly DurableFile _file;
    private readonly Dictionary<string, RememberedCommand> _commands;

    public CommandMemory(string path, IDisk disk, ILogger logger)
    {
        _file = new(path, disk);
        _commands = [];
        if (_file.Read() is not { } bytes) return;
        try
        {
            _commands = JsonSerializer.Deserialize(bytes, FleetJson.Default.CommandList)?.Commands ?? [];
            Interrupted = [.. _commands.Where(pair => pair.Value.Result is null).Select(pair => pair.Key)];
        }
        catch (JsonException)
        {
            FleetLog.Damaged(logger, path);
            _file.SetAside();
        }
    }

    /// <summary>Commands that were begun before the device went down, of which nobody knows how far they came.</summary>
    public IReadOnlyList<string> Interrupted { get; } = [];

    public RememberedCommand? Find(string id)
    {
        lock (_lock) return _commands.GetValueOrDefault(id);
    }

    /// <summary>Remembers that a command is begun.</summary>
    /// <exception cref="HybridException">It cannot be remembered, and must not be begun.</exception>
    public void Begin(string id, DateTimeOffset expires, DateTimeOffset now)
    {
        lock (_lock)
        {
            foreach (var old in _commands.Where(pair => pair.Value.Expires < now && pair.Value.Result is not null).Select(pair => pair.Key).ToArray()) _commands.Remove(old);
            if (_commands.Count >= Most) throw new HybridException(HybridError.Busy, $"{Most} commands are remembered until they expire, and there is no room for more. It was not begun. Send it again later.");
            _commands[id] = new(expires, null);
            try
            {
                Write();
            }
            catch (HybridException)
            {
                _commands.Remove(id);
                throw;
            }
        }
    }

    /// <summary>Remembers what came of a command.</summary>
    /// <exception cref="HybridException">It could not be written.</exception>
    public void End(string id, CommandResult result)
    {
        lock (_lock)
        {
            if (!_commands.TryGetValue(id, out var begun)) return;
            _commands[id] = begun with { Result = result };
            Write();
        }
    }

    private void Write() => _file.Replace(JsonSerializer.SerializeToUtf8Bytes(new CommandList(_commands), FleetJson.Default.CommandList));
}
