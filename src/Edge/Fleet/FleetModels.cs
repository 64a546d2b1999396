using System.Text.Json.Nodes;
using Hybrid.Edge.Outbox;
using Hybrid.Models.Pull;
using Hybrid.Models.Store;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.Edge.Fleet;

/// <summary>Fetches the models that a fleet wants on its devices, one after the other; a fetch that fails is tried again later. Thread-safe.</summary>
/// <remarks>A model that is wanted no more stays until a command or the store's own clean-up removes it.</remarks>
public sealed class FleetModels
{
    private static readonly TimeSpan TryAgain = TimeSpan.FromMinutes(5);
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ReportedModel> _missing = new(StringComparer.Ordinal);
    private readonly ModelStore _store;
    private readonly Func<PullOptions> _pulling;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Signal _wanted = new();
    private IReadOnlyDictionary<string, string> _models = new Dictionary<string, string>();

    /// <summary>Creates it; it does nothing until a <see cref="FleetDevice"/> starts it.</summary>
    /// <param name="store">Where models are kept.</param>
    /// <param name="pulling">How they are fetched.</param>
    /// <param name="time">The clock; null: the system's.</param>
    /// <param name="logger">Where faults are told; null: nowhere.</param>
    public FleetModels(ModelStore store, Func<PullOptions> pulling, TimeProvider? time = null, ILogger? logger = null) =>
        (_store, _pulling, _time, _logger, Commands) = (store, pulling, time ?? TimeProvider.System, logger ?? NullLogger.Instance, [new Pull(this), new Remove(store)]);

    /// <summary>The commands <c>pull-model</c> (arguments <c>reference</c> and <c>name</c>) and <c>remove-model</c> (argument <c>name</c>).</summary>
    public IReadOnlyList<IFleetCommand> Commands { get; }

    /// <summary>What is reported changed.</summary>
    internal Action Changed { get; set; } = () => { };

    internal IReadOnlyList<ReportedModel> Reported
    {
        get
        {
            List<ReportedModel> models = [.. _store.List().Where(model => model.Problem is null).Select(model => new ReportedModel(model.Name.ToString(), "present", model.Manifest?.Size, null))];
            lock (_lock) return [.. models, .. _missing.Values.Where(one => models.TrueForAll(model => model.Name != one.Name))];
        }
    }

    /// <summary>Says what is wanted.</summary>
    internal void Want(IReadOnlyDictionary<string, string> models)
    {
        lock (_lock) _models = models;
        _wanted.Set();
    }

    /// <summary>Fetches what is missing until it is cancelled.</summary>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            IReadOnlyDictionary<string, string> models;
            lock (_lock)
            {
                models = _models;
                foreach (var gone in _missing.Keys.Where(name => !models.ContainsKey(name)).ToArray()) _missing.Remove(gone);
            }

            foreach (var (name, reference) in models)
            {
                if (_store.Find(ModelName.Parse(name)) is null) await TryAsync(name, reference, cancellationToken);
            }

            await _wanted.WaitAsync(TryAgain, _time, cancellationToken);
        }
    }

    private async Task TryAsync(string name, string reference, CancellationToken cancellationToken)
    {
        Say(name, new(name, "fetching", null, null));
        try
        {
            await FetchAsync(name, reference, cancellationToken);
            Say(name, null);
        }
        catch (HybridException failure)
        {
            FleetLog.ModelNotFetched(_logger, name, failure.Message);
            Say(name, new(name, "failed", null, failure.Message));
        }
    }

    private async Task<ModelManifest> FetchAsync(string name, string reference, CancellationToken cancellationToken)
    {
        using var puller = new ModelPuller(_store, _pulling());
        return await puller.PullAsync(ModelReference.Parse(reference), ModelName.Parse(name), cancellationToken: cancellationToken);
    }

    private void Say(string name, ReportedModel? model)
    {
        lock (_lock)
        {
            if (model is null) _missing.Remove(name);
            else _missing[ModelName.Parse(name).ToString()] = model with { Name = ModelName.Parse(name).ToString() };
        }

        Changed();
    }

    private static string Text(JsonObject arguments, string key) => arguments[key] is JsonValue value && value.TryGetValue(out string? text) && text.Length > 0
        ? text
        : throw new HybridException(HybridError.InvalidRequest, $"The argument '{key}' is missing. Nothing was done. Give it.");

    private sealed class Pull(FleetModels models) : IFleetCommand
    {
        public string Name => "pull-model";

        public async Task<string> RunAsync(JsonObject arguments, CancellationToken cancellationToken)
        {
            var manifest = await models.FetchAsync(Text(arguments, "name"), Text(arguments, "reference"), cancellationToken);
            models.Changed();
            return $"model '{manifest.Name}' is in the store, {manifest.Size} bytes";
        }
    }

    private sealed class Remove(ModelStore store) : IFleetCommand
    {
        public string Name => "remove-model";

        public Task<string> RunAsync(JsonObject arguments, CancellationToken cancellationToken)
        {
            var name = ModelName.Parse(Text(arguments, "name"));
            return Task.FromResult($"model '{name}' was removed, {store.Remove(name)} bytes are free");
        }
    }
}
