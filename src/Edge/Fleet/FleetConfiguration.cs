using Hybrid.Configuration;
using Hybrid.Models.Signing;
using Hybrid.Storage;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.Edge.Fleet;

/// <summary>The layer of an app's configuration that its fleet sets; a <see cref="FleetDevice"/> keeps it up to date.</summary>
/// <remarks>Opened, it has the last good state at once, without a network. Add it to the app's configuration behind the files of the device.</remarks>
public sealed class FleetConfiguration : IConfigurationSource
{
    private const int MostStarts = 2;
    private readonly DurableFile _file;
    private readonly ILogger _logger;
    private readonly Layer _layer = new();

    private FleetConfiguration(FleetOptions options, IConfiguration? device, IDisk disk, ILogger logger)
    {
        (Options, Device, _logger) = (options, device, logger);
        _file = new(Path.Combine(options.StatePath, "desired.json"), disk);
        Keys = options.TrustedKeys.ToDictionary(key => key.Key, key => FleetReader.Key(key.Key, key.Value), StringComparer.Ordinal);
        Memory = Recall();
        State = StateOf(Memory.Current);
        AtStart = State;
        _layer.Set(State.Settings);
    }

    internal FleetOptions Options { get; }

    /// <summary>How the device is configured without its fleet.</summary>
    internal IConfiguration? Device { get; }

    internal IReadOnlyDictionary<string, TrustedKey> Keys { get; }

    /// <summary>What is remembered, as it is on the disk.</summary>
    internal FleetMemory Memory { get; private set; }

    /// <summary>What is in force.</summary>
    internal DesiredState State { get; private set; }

    /// <summary>What was in force when the app started, which targets were made of.</summary>
    internal DesiredState AtStart { get; }

    /// <summary>Reads what the device remembers.</summary>
    /// <param name="options">The fleet, whose keys count.</param>
    /// <param name="device">How the device is configured without its fleet, for rules that need both; null: such rules see the fleet's layer alone.</param>
    /// <param name="logger">Where faults are told.</param>
    /// <exception cref="HybridException">A key or the folder cannot be used.</exception>
    public static FleetConfiguration Open(FleetOptions options, IConfiguration? device = null, ILogger? logger = null) => Open(options, device, logger, Disk.Real);

    internal static FleetConfiguration Open(FleetOptions options, IConfiguration? device, ILogger? logger, IDisk disk)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new(options, device, disk, logger ?? NullLogger.Instance);
    }

    /// <inheritdoc />
    public IConfigurationProvider Build(IConfigurationBuilder builder) => _layer;

    /// <summary>Puts on the disk what is to be remembered.</summary>
    /// <exception cref="HybridException">It could not be written, and is not remembered.</exception>
    internal void Remember(FleetMemory memory)
    {
        _file.Replace(memory.Write());
        Memory = memory;
    }

    /// <summary>Takes what could not be put on the disk as remembered for now; the next that is put there has it, too.</summary>
    internal void Assume(FleetMemory memory) => Memory = memory;

    /// <summary>Has the app follow a state.</summary>
    internal void Follow(DesiredState state)
    {
        State = state;
        _layer.Set(state.Settings);
        _layer.Reload();
    }

    /// <summary>The state of documents that were accepted before; what is not signed by a pinned key any more does not count.</summary>
    internal DesiredState StateOf(DesiredPair pair) => DesiredState.Of(Read(pair.Fleet), Read(pair.Device));

    /// <summary>A document that was accepted before; null: none was, or its key is not pinned any more.</summary>
    internal DesiredDocument? Read(byte[]? envelope)
    {
        if (envelope is null) return null;
        if (SignedEnvelope.Open(envelope, SignedEnvelope.Desired, Keys, out var refusal) is { } payload && DesiredDocument.Read(payload, out refusal) is { } document) return document;
        FleetLog.Forgotten(_logger, refusal!.Reason);
        return null;
    }

    private FleetMemory Recall()
    {
        if (_file.Read() is not { } bytes) return new();
        if (FleetMemory.Read(bytes) is not { } memory)
        {
            FleetLog.Damaged(_logger, _file.Path);
            _file.SetAside();
            return new();
        }

        if (memory.Trial is null) return memory;
        // Started twice under a state and never well: it is what keeps the device from coming up. A power loss is forgiven once.
        var starts = memory.Starts + 1;
        memory = starts <= MostStarts ? memory with { Starts = starts } : Back(memory);
        try
        {
            _file.Replace(memory.Write());
        }
        catch (HybridException failure)
        {
            FleetLog.NotRemembered(_logger, failure.Message);
        }

        return memory;
    }

    private FleetMemory Back(FleetMemory memory)
    {
        FleetLog.CameNotUp(_logger, MostStarts);
        var refusal = new FleetRefusal(FleetRefusals.RolledBack, $"the device started {MostStarts} times under it and was never well; the state before came back");
        foreach (var ofDevice in new[] { false, true })
        {
            var (tried, good) = (ofDevice ? memory.Trial!.Device : memory.Trial!.Fleet, ofDevice ? memory.Good.Device : memory.Good.Fleet);
            if (memory.Seen(ofDevice) is { } seen && tried is not null && (good is null || !tried.AsSpan().SequenceEqual(good))) memory = memory.With(ofDevice, seen with { Refusal = refusal });
        }

        return memory with { Trial = null, Starts = 0 };
    }

    private sealed class Layer : ConfigurationProvider
    {
        public void Set(IReadOnlyDictionary<string, string?> settings) => Data = new Dictionary<string, string?>(settings, StringComparer.OrdinalIgnoreCase);

        public void Reload() => OnReload();
    }
}
