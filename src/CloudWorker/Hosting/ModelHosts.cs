using Hybrid.Configuration;
using Hybrid.Engines.Residency;
using Hybrid.OpenAi;
using Hybrid.Targets;

namespace Hybrid.CloudWorker.Hosting;

/// <summary>The models of the worker, in one memory budget; the first is the default.</summary>
/// <remarks>
/// One model without a keep-alive is loaded at once, and requests are refused until it is warm. Several, or one with a keep-alive,
/// are loaded when they are asked for, and requests wait. With a cold start nothing is loaded before it is asked for.
/// </remarks>
internal sealed class ModelHosts : IAsyncDisposable
{
    private readonly ResidentModels _resident;
    private readonly bool _onDemand;

    public ModelHosts(IReadOnlyList<HostedModel> models, WorkerOptions options, TimeProvider time, ILogger<ModelHosts> logger)
    {
        long? budget = options.MemoryBudget is { } text && ByteSize.TryParse(text, out var bytes) ? bytes : null;
        _resident = new(budget, time, Math.Max(1, options.Queue), logger);
        _onDemand = models.Count > 1 || options.KeepAlive is not null;
        All = [.. models.Select(model => new ModelHost(_resident.Add(model.ToResident(options, time)), model.Digest, _onDemand || options.ColdStart is not null))];
        if (options.ColdStart is null)
            _ = WarmQuietlyAsync(Default);
    }

    public IReadOnlyList<ModelHost> All { get; }

    public ModelHost Default => All[0];

    /// <summary>What a load balancer should know: models that are loaded on demand are no reason to send nothing.</summary>
    public TargetState Health
    {
        get
        {
            var states = All.Select(one => one.State).ToArray();
            var ready = Array.Find(states, state => state.Readiness is not (TargetReadiness.Cold or TargetReadiness.Warming or TargetReadiness.Unavailable))
                ?? (_onDemand ? Array.Find(states, state => state.Readiness is not TargetReadiness.Unavailable) : null);
            return ready is null ? states[0] : TargetState.Warm;
        }
    }

    /// <summary>The model of an id; the default where none is named; null where there is no such model.</summary>
    public ModelHost? Find(string? id) => string.IsNullOrEmpty(id) ? Default : All.FirstOrDefault(one => one.Id == id);

    /// <summary>Says that there is no such model, and which there are.</summary>
    public string Unknown(string? id) => $"The model '{id}' does not exist here; this worker serves {string.Join(", ", All.Select(one => $"'{one.Id}'"))}.";

    /// <summary>The same as a refusal of the OpenAI API.</summary>
    public OpenAiException Missing(string? id) => new(StatusCodes.Status404NotFound, Unknown(id), "model", "model_not_found");

    public ValueTask DisposeAsync() => _resident.DisposeAsync();

    private static async Task WarmQuietlyAsync(ModelHost host)
    {
        try
        {
            await host.WarmAsync();
        }
        catch (HybridException)
        {
            // Logged by the load, and told by the state.
        }
    }
}
