using System.Runtime.CompilerServices;
using Hybrid.Engines;
using Hybrid.Engines.LlamaCpp.Native;
using Hybrid.Models.Guard;
using Hybrid.Targets;
using LLama;
using LLama.Exceptions;
using LLama.Native;

namespace Hybrid.Adapters.LLamaSharp;

/// <summary>LLamaSharp in this process as a target.</summary>
/// <remarks>
/// Thread-safe. Requests that run at once share decode steps. It has no JSON or grammar formats, tools, log probabilities or embeddings;
/// what a request needs of them is refused. Disposing ends running streams with <see cref="HybridError.TargetUnavailable"/>.
/// </remarks>
public sealed class LLamaSharpEngine : ITarget, ITokenCounter
{
    private const int LargestDefaultContext = 4096;
    private const TargetCapabilities Always = TargetCapabilities.Text | TargetCapabilities.Tokens | TargetCapabilities.Continuation;
    private readonly LlamaSharpModel _model;
    private readonly BatchLoop _loop;
    private readonly TimeProvider _time;
    private readonly LLamaWeights? _owned;
    private readonly IDisposable? _kept;
    private int _disposed;

    private LLamaSharpEngine(LLamaWeights weights, LLamaSharpOptions options, string? path, TimeProvider time, bool owned, IDisposable? kept)
    {
        (_time, _owned, _kept) = (time, owned ? weights : null, kept);
        _model = new(weights, path ?? "the app's weights", time);
        var length = options.ContextLength ?? Math.Min(weights.ContextSize, LargestDefaultContext);
        if (length > weights.ContextSize)
            throw new HybridException(HybridError.Configuration, $"ContextLength is {length}, and {_model.Name} was trained with {weights.ContextSize}. Use that or less.");
        var parameters = options.Parameters(path ?? "");
        parameters.ContextSize = (uint)(length * options.Slots);
        parameters.SeqMax = (uint)options.Slots;
        parameters.KVUnified = false; // each request has its own part, so that none can fill another's
        var stated = options.Descriptor ?? new() { Name = "device", Model = weights.Metadata.GetValueOrDefault("general.name") ?? Path.GetFileNameWithoutExtension(path) ?? "weights", Zone = Zone.Device };
        Descriptor = stated with
        {
            ContextLength = length,
            ParametersBillions = stated.ParametersBillions > 0 ? stated.ParametersBillions : weights.ParameterCount / 1e9,
            Capabilities = Always | (_model.Template is null ? TargetCapabilities.None : TargetCapabilities.Chat),
        };
        _loop = new(_model, parameters, options, time);
    }

    /// <inheritdoc />
    public TargetDescriptor Descriptor { get; }

    /// <inheritdoc />
    public TargetState State => Volatile.Read(ref _disposed) != 0 ? new(TargetReadiness.Unavailable, "the engine was disposed") : new(TargetReadiness.Warm, "", _loop.Waiting, _loop.Running, _loop.Slots);

    /// <summary>Checks a GGUF file as the engine in the box does, and loads it.</summary>
    /// <exception cref="HybridException">The file, the backend or an option cannot be used.</exception>
    public static async Task<LLamaSharpEngine> LoadAsync(string path, LLamaSharpOptions? options = null, TimeProvider? timeProvider = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new();
        options.Validate();
        var time = timeProvider ?? TimeProvider.System;
        var kept = await ModelGuard.OpenAsync(path, time, cancellationToken);
        LLamaWeights? weights = null;
        try
        {
            NativeLibraries.YieldTo(LlamaSharpModel.Library);
            weights = await LLamaWeights.LoadFromFileAsync(options.Parameters(path), cancellationToken);
            kept.RequireUnchanged();
            var loaded = weights;
            return await Task.Run(() => Make(loaded, options, path, time, owned: true, kept), cancellationToken);
        }
        catch (Exception failure)
        {
            weights?.Dispose();
            kept.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            var fault = Fault(failure, path);
            if (fault.Error == HybridError.NativeLibrary && fault.InnerException is not null)
                NativeLibraries.YieldTo(null); // nothing was loaded, so the engine in the box may be
            throw fault;
        }
    }

    /// <summary>Decodes with weights that are loaded already; they stay the caller's to dispose, after this.</summary>
    /// <exception cref="HybridException">An option cannot be used.</exception>
    public static LLamaSharpEngine Over(LLamaWeights weights, LLamaSharpOptions? options = null, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(weights);
        options ??= new();
        options.Validate();
        NativeLibraries.YieldTo(LlamaSharpModel.Library);
        return Make(weights, options, path: null, timeProvider ?? TimeProvider.System, owned: false, kept: null);
    }

    /// <inheritdoc />
    public ValueTask WarmAsync(CancellationToken cancellationToken = default) => default;

    /// <inheritdoc />
    public int CountTokens(IReadOnlyList<PromptMessage> messages) => Tokens(new MessagesPrompt(messages), "").Length;

    /// <inheritdoc />
    public async IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        cancellationToken.ThrowIfCancellationRequested();
        RequestRules.Check(request, Descriptor.Capabilities, "The LLamaSharp adapter");
        var tokens = Tokens(request.Prompt, request.Continuation);
        var room = Descriptor.ContextLength - tokens.Length;
        if (room < 1)
            throw new HybridException(HybridError.ContextExceeded, $"The prompt has {tokens.Length} tokens and the context holds {Descriptor.ContextLength}, answer included. Nothing was decoded; shorten the prompt or use a target with a longer context.");
        using var deadline = RequestRules.Deadline(request, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline?.Token ?? default);
        var answer = new Answer(_model, request, tokens, Math.Min(request.MaxTokens ?? room, room), _time.GetTimestamp());
        _loop.Add(answer);
        try
        {
            using var unwanted = either.Token.UnsafeRegister(_ => _loop.Cancel(answer), null);
            while (await answer.Updates.WaitToReadAsync(CancellationToken.None))
            {
                while (!either.IsCancellationRequested && answer.Updates.TryRead(out var update))
                {
                    _loop.Wake();
                    yield return update;
                    if (update.Completion is not null)
                        yield break;
                }

                if (either.IsCancellationRequested)
                    break;
            }

            cancellationToken.ThrowIfCancellationRequested();
            throw new HybridException(HybridError.DeadlineExceeded, $"The deadline passed after {answer.Produced} tokens. What was delivered stands; nothing more is decoded.");
        }
        finally
        {
            _loop.Cancel(answer);
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _loop.DisposeAsync();
        _owned?.Dispose();
        _kept?.Dispose();
    }

    private LLamaToken[] Tokens(Prompt prompt, string continuation)
    {
        if (Volatile.Read(ref _disposed) != 0)
            throw BatchLoop.Disposed();
        try
        {
            return _model.Tokens(prompt, continuation);
        }
        catch (ObjectDisposedException) // in the meantime
        {
            throw BatchLoop.Disposed();
        }
    }

    private static LLamaSharpEngine Make(LLamaWeights weights, LLamaSharpOptions options, string? path, TimeProvider time, bool owned, IDisposable? kept)
    {
        try
        {
            return new(weights, options, path, time, owned, kept);
        }
        catch (Exception failure)
        {
            throw Fault(failure, path ?? "the app's weights");
        }
    }

    private static HybridException Fault(Exception failure, string model) => failure switch
    {
        HybridException known => known,
        LoadWeightsFailedException => new(HybridError.ModelFile, $"'{model}' could not be loaded: {LlamaSharpModel.Library} knows no such model, or has no memory for it. Nothing was loaded.", failure),
        TypeInitializationException or DllNotFoundException or BadImageFormatException or EntryPointNotFoundException or RuntimeError =>
            new(HybridError.NativeLibrary, $"LLamaSharp's libraries cannot be used: {(failure.InnerException ?? failure).Message.TrimEnd('.')}. Nothing was loaded; add LLamaSharp.Backend.Cpu or LLamaSharp.Backend.Cuda12 of the same version to the app.", failure),
        _ => new(HybridError.Internal, $"LLamaSharp failed on '{model}': {failure.Message.TrimEnd('.')}. Nothing was loaded.", failure),
    };
}
