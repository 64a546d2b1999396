using System.Runtime.CompilerServices;
using Hybrid.CloudConnector.Grpc;
using Hybrid.CloudConnector.OpenInference.Protocol;
using Hybrid.CloudConnector.Pools;
using Hybrid.Protocol;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.OpenInference;

/// <summary>A model that completes text behind the Open Inference Protocol v2 over gRPC: KServe, MLServer, Triton and the like.</summary>
/// <remarks>
/// <para>Thread-safe; streams share connections. The answer goes on from exactly the text of the prompt and the continuation; how the
/// server cuts that text into tokens is its own affair, and what somebody said that looks like a control token is one to it.</para>
/// <para>Finish reasons and counts are the server's where its model has the tensors for them (Triton's vLLM backend since 24.12), else
/// an answer ends by its length where as many tokens came as were allowed, and counts are estimates. An end without a final response
/// or a status is <see cref="HybridError.TargetUnavailable"/>, never a completion.</para>
/// </remarks>
public sealed class OpenInferenceTarget : ITarget, INetworkTarget
{
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(1);
    private readonly OpenInferenceTargetOptions _options;
    private readonly TimeProvider _time;
    private readonly GrpcConnection _pool;
    private readonly InferenceServer _server;
    private readonly PromptText _prompts;
    private volatile ModelTensors? _model;
    private int _warming;

    /// <summary>Makes the target; reads the template and the certificate, and sends nothing.</summary>
    /// <exception cref="HybridException">An option cannot be used (<see cref="HybridError.Configuration"/>).</exception>
    public OpenInferenceTarget(OpenInferenceTargetOptions options, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _time = timeProvider ?? TimeProvider.System;
        _pool = new(options, _time, InferenceErrors.Of);
        _server = new(options, _pool);
        _prompts = new(options, _time);
    }

    /// <inheritdoc />
    public TargetDescriptor Descriptor => _options.Descriptor;

    /// <summary>As last seen. A failure counts for <see cref="GrpcTargetOptions.RetryAfter"/>; then the pool may be tried again.</summary>
    public TargetState State => _pool.State;

    /// <inheritdoc />
    public bool NeedsNetwork => !_options.Endpoint.IsLoopback;

    /// <inheritdoc />
    public double? BytesPerSecond => _pool.BytesPerSecond;

    /// <summary>Asks whether the model is ready, and where it is not, whether the server is.</summary>
    /// <remarks>
    /// Warm: the model is ready. Warming: it is being loaded, or the server is not ready either. Cold: it can be loaded. Unavailable: it
    /// is not there, and <see cref="OpenInferenceTargetOptions.Repository"/> names nobody who could load it.
    /// </remarks>
    public async ValueTask<bool?> ProbeAsync(CancellationToken cancellationToken = default)
    {
        if (!_options.CanProbe)
            return null;
        try
        {
            using var wait = _pool.Wait(null, _options.ConnectTimeout, cancellationToken);
            var isReady = await _server.IsModelReadyAsync(wait, cancellationToken);
            if (isReady)
                _pool.Saw(TargetState.Warm);
            else if (Volatile.Read(ref _warming) > 0 || !await _server.IsServerReadyAsync(wait, cancellationToken))
                _pool.Saw(new(TargetReadiness.Warming, $"model '{_options.Model}' is not ready yet"));
            else if (_options.Repository != ModelRepository.None)
                _pool.Saw(new(TargetReadiness.Cold, $"model '{_options.Model}' is not loaded"));
            else
                _pool.Failed($"model '{_options.Model}' is not ready, and the server does not load models");
            return true;
        }
        catch (HybridException exception)
        {
            _pool.Failed(exception.Message);
            return exception.InnerException is GrpcException; // who refuses has been reached
        }
    }

    /// <summary>Has the model loaded where <see cref="OpenInferenceTargetOptions.Repository"/> says how, and waits until it is ready.</summary>
    /// <exception cref="HybridException">It was not ready within the first update's timeout, or the server cannot be reached or refuses.</exception>
    public async ValueTask WarmAsync(CancellationToken cancellationToken = default)
    {
        using var wait = _pool.Wait(null, _options.FirstUpdateTimeout, cancellationToken);
        await WarmAsync(wait, cancellationToken);
    }

    /// <summary>Has the server unload the model.</summary>
    /// <exception cref="HybridException">There is no <see cref="OpenInferenceTargetOptions.Repository"/> (<see cref="HybridError.Configuration"/>), or the server refuses.</exception>
    public async ValueTask UnloadAsync(CancellationToken cancellationToken = default)
    {
        if (_options.Repository == ModelRepository.None)
            throw _options.Wrong(nameof(_options.Repository), "nothing unloads models; set it to triton or kserve");
        using var wait = _pool.Wait(null, _options.FirstUpdateTimeout, cancellationToken);
        await _server.UnloadAsync(wait, cancellationToken);
        _model = null;
        _pool.Saw(new(TargetReadiness.Cold, $"model '{_options.Model}' was unloaded"));
    }

    /// <inheritdoc />
    public async IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        cancellationToken.ThrowIfCancellationRequested();
        _pool.Admit(request, _time.GetUtcNow());
        var prompt = _prompts.Render(request);
        using var wait = _pool.Wait(request.Deadline - _time.GetUtcNow(), _options.FirstUpdateTimeout, cancellationToken);
        var model = await ModelAsync(wait, cancellationToken);
        var answer = new InferAnswer(request, prompt, model, _options);
        var call = Call(InferRequestWriter.Write(request, prompt, model, _options), request.Deadline - _time.GetUtcNow());
        await using var stream = await StepAsync(wait, () => _pool.StartAsync(call, wait, cancellationToken), cancellationToken);
        while (!answer.Stopped && await StepAsync(wait, () => ReadAsync(stream, answer, wait.Token), cancellationToken) is { } update)
        {
            _pool.Answered();
            // The silence that counts is the pool's, not the reader's.
            wait.Allow(Timeout.InfiniteTimeSpan);
            if (update.Text.Length > 0 || update.TokenCount > 0)
                yield return update;
            wait.Allow(_options.IdleTimeout);
        }

        yield return await StepAsync(wait, () => Task.FromResult(answer.End()), cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _pool.DisposeAsync();

    private GrpcRequest Call(ModelInferRequest message, TimeSpan? timeout)
    {
        if (!_options.Streaming)
            return new(InferenceServer.Service, "ModelInfer", message) { Timeout = timeout, MessageLimit = _options.MaxMessageBytes };
        var outgoing = new GrpcOutgoing();
        outgoing.Write(message);
        outgoing.Complete(); // one request in each stream: cancelling it is then resetting the stream
        return new(InferenceServer.Service, "ModelStreamInfer", outgoing)
        {
            Timeout = timeout,
            MessageLimit = _options.MaxMessageBytes,
            Metadata = [("triton_grpc_error", "true")], // a failure has its status then; older servers say it in words alone
        };
    }

    private async Task<DecodeUpdate?> ReadAsync(GrpcCall stream, InferAnswer answer, CancellationToken cancellationToken)
    {
        if (!_options.Streaming)
            return await stream.ReadAsync(ModelInferResponse.Parser, cancellationToken) is { } whole ? answer.Take(whole, isFinal: true) : null;
        if (await stream.ReadAsync(ModelStreamInferResponse.Parser, cancellationToken) is not { } piece)
            return null;
        if (piece.ErrorMessage.Length > 0)
            throw new GrpcException(GrpcStatus.Unavailable, piece.ErrorMessage.Length > 400 ? piece.ErrorMessage[..400] : piece.ErrorMessage);
        if (piece.InferResponse is not { } response)
            throw new GrpcException(GrpcStatus.Internal, "it sent neither a response nor an error") { IsLocal = true };
        return answer.Take(response, response.Parameters.TryGetValue("triton_final_response", out var final) && final.BoolParam);
    }

    /// <summary>What the model takes; a model that is not loaded is loaded first, where that can be done.</summary>
    private async Task<ModelTensors> ModelAsync(StreamWait wait, CancellationToken caller)
    {
        if (_model is { } known)
            return known;
        try
        {
            return _model = await _server.TensorsAsync(wait, caller);
        }
        catch (HybridException fault) when (_options.Repository != ModelRepository.None && InferenceServer.StatusOf(fault) is GrpcStatus.NotFound or GrpcStatus.Unavailable)
        {
            await WarmAsync(wait, caller);
            return _model = await _server.TensorsAsync(wait, caller);
        }
    }

    private async Task WarmAsync(StreamWait wait, CancellationToken caller)
    {
        Interlocked.Increment(ref _warming);
        try
        {
            var isReady = await LookAsync(wait, caller);
            if (!isReady)
                _model = null;
            if (!isReady && _options.Repository != ModelRepository.None)
            {
                await _server.LoadAsync(wait, caller);
                isReady = await LookAsync(wait, caller);
            }

            while (!isReady)
            {
                await _pool.GuardAsync(wait, () => PauseAsync(wait.Token), caller);
                isReady = await LookAsync(wait, caller);
            }

            _pool.Saw(TargetState.Warm);
        }
        finally
        {
            Interlocked.Decrement(ref _warming);
        }
    }

    private async Task<bool> PauseAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(BetweenLooks, _time, cancellationToken);
        return true;
    }

    /// <summary>Whether the model is ready; a server that is reached and not up yet, as one behind a proxy, counts as not ready.</summary>
    private async Task<bool> LookAsync(StreamWait wait, CancellationToken caller)
    {
        try
        {
            if (await _server.IsModelReadyAsync(wait, caller))
                return true;
        }
        catch (HybridException fault) when (InferenceServer.StatusOf(fault) == GrpcStatus.Unavailable)
        {
        }

        _pool.Saw(new(TargetReadiness.Warming, $"model '{_options.Model}' is not ready yet"));
        return false;
    }

    /// <summary>A step of an answer; after a fault the model is looked at anew, for it may have been unloaded or changed.</summary>
    private async Task<T> StepAsync<T>(StreamWait wait, Func<Task<T>> step, CancellationToken caller)
    {
        try
        {
            return await _pool.GuardAsync(wait, step, caller);
        }
        catch (HybridException)
        {
            _model = null;
            throw;
        }
    }
}
