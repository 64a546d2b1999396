using System.Runtime.CompilerServices;
using Hybrid.Engines;
using Hybrid.Targets;
using Microsoft.ML.OnnxRuntimeGenAI;

namespace Hybrid.Adapters.OnnxRuntimeGenAI;

/// <summary>ONNX Runtime GenAI in this process as a target.</summary>
/// <remarks>
/// Thread-safe. Requests that run at once take turns, a token each; a prompt is computed in one piece, and cancelling waits for the token
/// or the prompt at hand. It has no JSON or grammar formats, tools, log probabilities or embeddings; what a request needs of them is
/// refused. Disposing ends running streams with <see cref="HybridError.TargetUnavailable"/>.
/// </remarks>
public sealed class OnnxGenAIEngine : ITarget, ITokenCounter
{
    private const int LargestDefaultContext = 4096;
    private readonly Model _model;
    private readonly Tokenizer _tokenizer;
    private readonly Prompts _prompts;
    private readonly HashSet<int> _ends;
    private readonly OnnxGenAIOptions _options;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _slots;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly CancellationTokenSource _stop = new();
    private int _asked;
    private int _disposed;

    private OnnxGenAIEngine(Model model, Tokenizer tokenizer, ModelFolder folder, OnnxGenAIOptions options, TimeProvider time)
    {
        (_model, _tokenizer, _options, _time, _prompts) = (model, tokenizer, options, time, new(tokenizer));
        _ends = [.. tokenizer.GetEosTokenIds()];
        _slots = new(options.Slots);
        var stated = options.Descriptor ?? new() { Name = "device", Model = Path.GetFileName(folder.Path), Zone = Zone.Device };
        Descriptor = stated with
        {
            ContextLength = options.ContextLength ?? Math.Min(folder.ContextLength, LargestDefaultContext),
            Capabilities = TargetCapabilities.Chat | TargetCapabilities.Text | TargetCapabilities.Tokens | TargetCapabilities.Continuation,
        };
    }

    /// <inheritdoc />
    public TargetDescriptor Descriptor { get; }

    /// <inheritdoc />
    public TargetState State
    {
        get
        {
            if (Volatile.Read(ref _disposed) != 0)
                return new(TargetReadiness.Unavailable, "the engine was disposed");
            var asked = Volatile.Read(ref _asked);
            return new(TargetReadiness.Warm, "", Math.Max(0, asked - _options.Slots), Math.Min(asked, _options.Slots), _options.Slots);
        }
    }

    /// <summary>Loads a model folder: one with a <c>genai_config.json</c>.</summary>
    /// <exception cref="HybridException">The folder, the libraries or an option cannot be used.</exception>
    public static async Task<OnnxGenAIEngine> LoadAsync(string path, OnnxGenAIOptions? options = null, TimeProvider? timeProvider = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new();
        options.Validate();
        var folder = ModelFolder.Open(path);
        if (options.ContextLength > folder.ContextLength)
            throw new HybridException(HybridError.Configuration, $"ContextLength is {options.ContextLength}, and '{folder.Path}' was made for {folder.ContextLength}. Use that or less.");
        return await Task.Run(() => Load(folder, options, timeProvider ?? TimeProvider.System), cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask WarmAsync(CancellationToken cancellationToken = default) => default;

    /// <inheritdoc />
    public int CountTokens(IReadOnlyList<PromptMessage> messages) => _prompts.Tokens(new MessagesPrompt(messages), "").Length;

    /// <inheritdoc />
    public async IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        cancellationToken.ThrowIfCancellationRequested();
        RequestRules.Check(request, Descriptor.Capabilities, "The ONNX Runtime GenAI adapter");
        SearchOptions.Check(request.Sampling);
        if (Volatile.Read(ref _disposed) != 0)
            throw Disposed();
        if (Interlocked.Increment(ref _asked) > _options.Slots + _options.QueueCapacity)
        {
            Interlocked.Decrement(ref _asked);
            throw new HybridException(HybridError.Busy, $"{_options.QueueCapacity} requests wait for the engine, which is its limit. Nothing was decoded; try again, or raise QueueCapacity.");
        }

        try
        {
            using var deadline = RequestRules.Deadline(request, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline?.Token ?? default, _stop.Token);
            var accepted = _time.GetTimestamp();
            await GuardAsync(0, () => _slots.WaitAsync(Timeout.Infinite, either.Token), cancellationToken);
            try
            {
                using var answer = await GuardAsync(0, () => Task.Run(() => Begin(request, accepted), CancellationToken.None), cancellationToken);
                await GuardAsync(0, () => TakeTurnAsync(answer.Prefill, either.Token), cancellationToken);
                while (true)
                {
                    var update = await GuardAsync(answer.Produced, () => TakeTurnAsync(answer.Next, either.Token), cancellationToken);
                    yield return update;
                    if (update.Completion is not null)
                        yield break;
                }
            }
            finally
            {
                _slots.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _asked);
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _stop.CancelAsync();
        for (var slot = 0; slot < _options.Slots; slot++)
            await _slots.WaitAsync(); // whoever runs leaves at its next token
        _tokenizer.Dispose();
        _model.Dispose();
        _slots.Dispose();
        _turn.Dispose();
        _stop.Dispose();
    }

    private static OnnxGenAIEngine Load(ModelFolder folder, OnnxGenAIOptions options, TimeProvider time)
    {
        Model? model = null;
        Tokenizer? tokenizer = null;
        try
        {
            using var config = new Config(folder.Path);
            config.ClearProviders(); // without any, the processor computes
            if (options.Provider == OnnxProvider.Cuda)
                config.AppendProvider("cuda");
            model = new(config);
            tokenizer = new(model);
            return new(model, tokenizer, folder, options, time);
        }
        catch (Exception failure) when (failure is not HybridException)
        {
            tokenizer?.Dispose();
            model?.Dispose();
            throw failure switch
            {
                DllNotFoundException or BadImageFormatException or EntryPointNotFoundException or TypeInitializationException => new HybridException(
                    HybridError.NativeLibrary, $"ONNX Runtime GenAI's libraries cannot be used: {(failure.InnerException ?? failure).Message.TrimEnd('.')}. Nothing was loaded; add Microsoft.ML.OnnxRuntimeGenAI (for CUDA, .Cuda) of the same version to the app.", failure),
                OnnxRuntimeGenAIException => new HybridException(
                    HybridError.ModelFile, $"'{folder.Path}' could not be loaded for {options.Provider}: {failure.Message.TrimEnd('.')}. Nothing was loaded; check the folder, and that its model is made for that provider.", failure),
                _ => new HybridException(HybridError.Internal, $"ONNX Runtime GenAI failed on '{folder.Path}': {failure.Message.TrimEnd('.')}. Nothing was loaded.", failure),
            };
        }
    }

    private static HybridException Disposed() => new(HybridError.TargetUnavailable, "The engine was disposed. What was delivered stands.");

    private Answer Begin(DecodeRequest request, long accepted)
    {
        var tokens = _prompts.Tokens(request.Prompt, request.Continuation);
        var room = Descriptor.ContextLength - tokens.Length;
        return room >= 1
            ? new(_model, _tokenizer, _ends, request, tokens, Math.Min(request.MaxTokens ?? room, room), accepted, _time)
            : throw new HybridException(HybridError.ContextExceeded, $"The prompt has {tokens.Length} tokens and the context holds {Descriptor.ContextLength}, answer included. Nothing was decoded; shorten the prompt or use a target with a longer context.");
    }

    private async Task<T> TakeTurnAsync<T>(Func<T> step, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            return await Task.Run(step, CancellationToken.None);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task<T> GuardAsync<T>(int produced, Func<Task<T>> step, CancellationToken caller)
    {
        try
        {
            return await step();
        }
        catch (OperationCanceledException)
        {
            caller.ThrowIfCancellationRequested();
            throw _stop.IsCancellationRequested
                ? Disposed()
                : new HybridException(HybridError.DeadlineExceeded, $"The deadline passed after {produced} tokens. What was delivered stands; nothing more is decoded.");
        }
        catch (OnnxRuntimeGenAIException failure)
        {
            throw new HybridException(HybridError.Internal, $"ONNX Runtime GenAI failed after {produced} tokens: {failure.Message.TrimEnd('.')}. What was delivered stands; ask again.", failure);
        }
    }
}
