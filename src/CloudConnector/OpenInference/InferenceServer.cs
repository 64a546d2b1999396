using Google.Protobuf;
using Hybrid.CloudConnector.Grpc;
using Hybrid.CloudConnector.OpenInference.Protocol;
using Hybrid.CloudConnector.Pools;
using Hybrid.Protocol;
using Hybrid.Targets;
using KServe = Hybrid.CloudConnector.OpenInference.Protocol.KServe;

namespace Hybrid.CloudConnector.OpenInference;

/// <summary>The calls of <c>inference.GRPCInferenceService</c> about one model that do not generate.</summary>
internal sealed class InferenceServer(OpenInferenceTargetOptions options, GrpcConnection pool)
{
    public const string Service = "inference.GRPCInferenceService";

    public async Task<bool> IsServerReadyAsync(StreamWait wait, CancellationToken caller) =>
        (await AskAsync("ServerReady", new ServerReadyRequest(), ServerReadyResponse.Parser, wait, caller)).Ready;

    /// <summary>Whether the model is ready; a server that does not know it says that it is not.</summary>
    public async Task<bool> IsModelReadyAsync(StreamWait wait, CancellationToken caller)
    {
        try
        {
            return (await AskAsync("ModelReady", new ModelReadyRequest { Name = options.Model, Version = options.ModelVersion }, ModelReadyResponse.Parser, wait, caller)).Ready;
        }
        catch (HybridException fault) when (StatusOf(fault) == GrpcStatus.NotFound)
        {
            return false;
        }
    }

    /// <summary>The model's inputs; what is usual where the server does not tell them.</summary>
    public async Task<ModelTensors> TensorsAsync(StreamWait wait, CancellationToken caller)
    {
        try
        {
            var model = await AskAsync("ModelMetadata", new ModelMetadataRequest { Name = options.Model, Version = options.ModelVersion }, ModelMetadataResponse.Parser, wait, caller);
            return ModelTensors.Read(model, options);
        }
        catch (HybridException fault) when (StatusOf(fault) == GrpcStatus.Unimplemented)
        {
            pool.Saw(new(TargetReadiness.Unknown, "it tells nothing of its models")); // which is no failure
            return ModelTensors.Assumed(options);
        }
    }

    /// <summary>Has the server load the model; it may go on loading when this returns.</summary>
    public async Task LoadAsync(StreamWait wait, CancellationToken caller)
    {
        if (options.Repository == ModelRepository.Triton)
            await AskAsync("RepositoryModelLoad", new RepositoryModelLoadRequest { ModelName = options.Model }, RepositoryModelLoadResponse.Parser, wait, caller);
        else if (!(await AskAsync("RepositoryModelLoad", new KServe.RepositoryModelLoadRequest { ModelName = options.Model }, KServe.RepositoryModelLoadResponse.Parser, wait, caller)).IsLoaded)
            throw pool.Unavailable($"it did not load model '{options.Model}'");
    }

    /// <summary>Has the server unload the model.</summary>
    public async Task UnloadAsync(StreamWait wait, CancellationToken caller)
    {
        if (options.Repository == ModelRepository.Triton)
            await AskAsync("RepositoryModelUnload", new RepositoryModelUnloadRequest { ModelName = options.Model }, RepositoryModelUnloadResponse.Parser, wait, caller);
        else if (!(await AskAsync("RepositoryModelUnload", new KServe.RepositoryModelUnloadRequest { ModelName = options.Model }, KServe.RepositoryModelUnloadResponse.Parser, wait, caller)).IsUnloaded)
            throw pool.Unavailable($"it did not unload model '{options.Model}'");
    }

    /// <summary>The status with which the server itself refused; null where the fault is another.</summary>
    public static GrpcStatus? StatusOf(HybridException fault) => fault.InnerException is GrpcException { IsLocal: false } refused ? refused.Status : null;

    private Task<T> AskAsync<T>(string method, IMessage message, MessageParser<T> parser, StreamWait wait, CancellationToken caller)
        where T : class, IMessage<T> => pool.UnaryAsync(new(Service, method, message) { MessageLimit = options.MaxMessageBytes }, parser, wait, caller);
}
