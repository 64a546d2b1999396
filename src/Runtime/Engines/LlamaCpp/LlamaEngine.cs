using System.Collections.Frozen;
using System.Runtime.CompilerServices;
using Hybrid.Accounting;
using Hybrid.Engines.Grammar;
using Hybrid.Engines.LlamaCpp.Batching;
using Hybrid.Engines.LlamaCpp.Gpu;
using Hybrid.Engines.LlamaCpp.Native;
using Hybrid.Engines.LlamaCpp.Speculation;
using Hybrid.Engines.LlamaCpp.State;
using Hybrid.Engines.Sampling;
using Hybrid.Engines.Text;
using Hybrid.Engines.ToolCalls;
using Hybrid.Models.Gguf;
using Hybrid.Targets;
using Microsoft.Extensions.Logging;

namespace Hybrid.Engines.LlamaCpp;

/// <summary>llama.cpp in this process as a target.</summary>
/// <remarks>
/// Thread-safe. Requests that run at once share decode steps, which rounds logits a little differently than a request alone:
/// where two tokens are as good as equally likely, the other one may come. A reader that stops reading pauses its own request
/// and no other. Disposing ends running streams with <see cref="HybridError.TargetUnavailable"/>.
/// </remarks>
public sealed class LlamaEngine : ITarget, ITokenCounter, IEmbeddingTarget
{
    private const int LargestDefaultContext = 4096;
    private const int DefaultContexts = 4;
    private readonly LlamaModel _model;
    private readonly LlamaEngineOptions _options;
    private readonly DecodeContext _context;
    private readonly DraftModel? _draft;
    private readonly EngineMeter _meter;
    private readonly DecodeLoop _loop;
    private readonly PromptTokens _prompts;
    private readonly Embedder _embedder;
    private readonly SavedConversations _conversations;
    private readonly TimeProvider _time;
    private readonly int _contextLength;
    private int _disposed;

    private LlamaEngine(LlamaModel model, LlamaModel? draft, LlamaEngineOptions options, TimeProvider time)
    {
        (_model, _options, _time) = (model, options, time);
        var length = LengthOf(options, model.TrainedContext);
        if (length > model.TrainedContext)
            throw new HybridException(HybridError.Configuration, $"ContextLength is {length}, and '{options.ModelPath}' was trained with {model.TrainedContext}. Use that or less.");
        var cells = CellsOf(options, length);
        if (cells < length)
            throw new HybridException(HybridError.Configuration, $"KvTokens is {cells}, less than ContextLength {length}: no request of full length could ever run. Raise it or lower ContextLength.");
        var shape = new ContextShape(cells, Math.Max(Math.Min(options.BatchSize, cells), options.Outputs), options.Outputs, options.Slots, options.ThreadCount, options.Poll);
        _contextLength = length;
        _context = new(model, shape, time: time);
        if (draft is not null)
            _draft = new(draft, new(draft, shape with { Cells = length, Outputs = 1, Sequences = 1 }, partner: _context), time);
        Descriptor = Describe(model, options, length);
        _meter = new(Descriptor.Model, cells);
        _loop = new(model, _context, _draft, _meter, options, time);
        _meter.Watch(() => _loop.Load);
        _prompts = new(model, time);
        _conversations = new(model, _loop);
        _embedder = new(model, options, length);
    }

    /// <inheritdoc />
    public TargetDescriptor Descriptor { get; }

    /// <summary>The model file as the engine found it.</summary>
    internal GgufFile File => _model.File;

    /// <summary>Where it runs, and why there: on the processor, or with how many of its layers on which GPUs.</summary>
    public string Placement { get; private init; } = "";

    /// <summary>Seconds in <c>llama_decode</c> since the load; for the decode thread.</summary>
    internal double DecodeSeconds => _context.AllSeconds;

    /// <inheritdoc />
    public TargetState State
    {
        get
        {
            if (Volatile.Read(ref _disposed) != 0)
                return new(TargetReadiness.Unavailable, "the engine was disposed");
            var (queue, busy, _) = _loop.Load;
            return new(TargetReadiness.Warm, "", queue, busy, _options.Slots);
        }
    }

    /// <summary>Checks the model file and loads it.</summary>
    /// <param name="options">What to load and how to run it.</param>
    /// <param name="timeProvider">The clock of deadlines and latencies; the system's if null.</param>
    /// <param name="loggerFactory">Where llama.cpp's log lines go.</param>
    /// <param name="progress">0 to 1, from a thread of the pool.</param>
    /// <param name="cancellationToken">Stops the load.</param>
    /// <exception cref="HybridException">The file, the libraries or an option cannot be used.</exception>
    public static async Task<LlamaEngine> LoadAsync(
        LlamaEngineOptions options,
        TimeProvider? timeProvider = null,
        ILoggerFactory? loggerFactory = null,
        IProgress<double>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        if (loggerFactory is not null)
            NativeLog.Logger = loggerFactory.CreateLogger("Hybrid.Engines.LlamaCpp");
        NativeLibraries.EnsureLoaded(options.NativePath);
        var time = timeProvider ?? TimeProvider.System;
        var placement = await Task.Run(() => GpuPlacement.Of(options, GpuDevices.All()), cancellationToken);
        try
        {
            return await LoadAsync(options, placement, time, progress, cancellationToken);
        }
        catch (HybridException failure) when (placement.Layers > 0 && failure.Error is HybridError.ModelFile or HybridError.Internal)
        {
            // What the file itself is to blame for fails again, and says so.
            return await LoadAsync(options, placement.Refused(failure.Message), time, progress, cancellationToken);
        }
    }

    private static async Task<LlamaEngine> LoadAsync(LlamaEngineOptions options, GpuPlacement placement, TimeProvider time, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        NativeLog.Placed(options.ModelPath, placement, wanted: options.GpuLayers);
        var began = time.GetTimestamp();
        var model = await ModelLoad.RunAsync(options.ModelPath, placement.Layers, time, progress, cancellationToken, options.ReadAhead);
        LlamaModel? draft = null;
        try
        {
            var draftLayers = placement.Layers == placement.All ? placement.Layers : 0;
            draft = options.DraftModelPath is { } path ? await ModelLoad.RunAsync(path, draftLayers, time, progress: null, cancellationToken) : null;
            if (draft is not null && !model.SharesVocabularyWith(draft))
                throw new HybridException(HybridError.Configuration, $"DraftModelPath '{options.DraftModelPath}' has another vocabulary than '{options.ModelPath}'. Nothing was loaded; draft with a model of the same family, or with none.");
            var engine = new LlamaEngine(model, draft, options, time) { Placement = placement.Words };
            engine._meter.Loaded(time.GetElapsedTime(began));
            return engine;
        }
        catch
        {
            draft?.Dispose();
            model.Dispose();
            throw;
        }
    }

    /// <summary>Estimates from the files' headers how many bytes of memory the models will take: weights, KV cache and compute buffers.</summary>
    /// <remarks>Embeddings, once asked for, and recurrent states come on top. With a GPU the bytes are the device's and the host's together.</remarks>
    /// <param name="options">What would be loaded.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="HybridException">A file or an option cannot be used.</exception>
    public static Task<long> EstimateMemoryAsync(LlamaEngineOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        return Task.Run(() => MemoryEstimate.Of(options), cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask WarmAsync(CancellationToken cancellationToken = default) => default;

    /// <inheritdoc />
    public int CountTokens(IReadOnlyList<PromptMessage> messages) => _prompts.Of(new MessagesPrompt(messages), "").Length;

    /// <summary>Token ids of a text in the model's vocabulary; control tokens in it are read as text.</summary>
    public IReadOnlyList<int> Tokenize(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return _model.Tokenize(text, addSpecial: false, parseSpecial: false);
    }

    /// <summary>The text of token ids; control tokens are left out, and bytes that are no UTF-8 become U+FFFD.</summary>
    /// <exception cref="HybridException">An id is not in the vocabulary (<see cref="HybridError.InvalidRequest"/>).</exception>
    public string Detokenize(IReadOnlyList<int> tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        var text = new TextAssembler([]);
        var buffer = new byte[256];
        return string.Concat(_prompts.Checked(tokens).Select(token => text.Append(_model.Piece(token, buffer)))) + text.Flush();
    }

    /// <inheritdoc />
    public IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return request.OffersTools && _model.Tools is { } tools
            ? ToolCallStream.ReadAsync(DecodeAsync(request, cancellationToken), tools.Read(request), cancellationToken)
            : DecodeAsync(request, cancellationToken);
    }

    private async IAsyncEnumerable<DecodeUpdate> DecodeAsync(DecodeRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var sequence = Prepare(request);
        using var deadline = RequestRules.Deadline(request, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline?.Token ?? default);
        _loop.Add(sequence);
        try
        {
            // A slot comes free at once, even where the reader has stopped reading and hears of it later.
            using var unwanted = either.Token.UnsafeRegister(_ => _loop.Cancel(sequence), null);
            while (true)
            {
                if (!await sequence.Reader.WaitToReadAsync(CancellationToken.None) || either.IsCancellationRequested)
                    throw Ended(sequence, cancellationToken);
                while (!either.IsCancellationRequested && sequence.Reader.TryRead(out var update))
                {
                    _loop.Wake(sequence);
                    yield return update;
                    if (update.Completion is not null)
                        yield break;
                }
            }
        }
        finally
        {
            _loop.Cancel(sequence);
        }
    }

    /// <summary>Saves the KV cache of a prompt's beginning, as far as it is cached, so that a later process need not prefill it.</summary>
    /// <param name="prompt">A chat with the answer in it, say.</param>
    /// <param name="path">The file; one that is there is replaced whole or not at all.</param>
    /// <param name="cancellationToken">Stops waiting; a file is still whole or absent.</param>
    /// <returns>How many tokens were saved.</returns>
    /// <exception cref="HybridException">Nothing of it is cached (<see cref="HybridError.InvalidRequest"/>), or the file cannot be written (<see cref="HybridError.Storage"/>).</exception>
    public Task<int> SavePrefixAsync(Prompt prompt, string path, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentException.ThrowIfNullOrEmpty(path);
        return _conversations.SaveAsync(_prompts.Of(prompt, ""), path, cancellationToken);
    }

    /// <summary>Fills the KV cache from a file of <see cref="SavePrefixAsync"/>; requests that begin with those tokens then reuse them.</summary>
    /// <param name="path">The file.</param>
    /// <param name="cancellationToken">Stops waiting; the cache is filled whole or not at all.</param>
    /// <returns>How many tokens were restored.</returns>
    /// <exception cref="HybridException">
    /// The file is damaged, or of another model or version (<see cref="HybridError.Storage"/>), or running requests leave no room for it (<see cref="HybridError.Busy"/>).
    /// </exception>
    public Task<int> RestorePrefixAsync(string path, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return _conversations.RestoreAsync(path, cancellationToken);
    }

    /// <inheritdoc />
    public Task<EmbeddingResult> EmbedAsync(IReadOnlyList<string> texts, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return _embedder.EmbedAsync(texts, cancellationToken);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _meter.Dispose();
        await _loop.DisposeAsync();
        await _embedder.DisposeAsync();
        _draft?.Dispose();
        _context.Dispose();
        _model.Dispose();
        NativeLibraries.GiveBackFreedMemory();
    }

    /// <summary>Who ended a request that has no completion: its caller, else its deadline.</summary>
    private static HybridException Ended(Sequence sequence, CancellationToken caller)
    {
        caller.ThrowIfCancellationRequested();
        return new(HybridError.DeadlineExceeded, $"The deadline passed after {sequence.Produced} tokens. What was delivered stands; nothing more is decoded.");
    }

    /// <summary>Tokens of a request, prompt and answer together.</summary>
    internal static int LengthOf(LlamaEngineOptions options, long trained) => options.ContextLength ?? (int)Math.Min(trained, LargestDefaultContext);

    /// <summary>Tokens of all requests together.</summary>
    internal static int CellsOf(LlamaEngineOptions options, int length) => options.KvTokens ?? length * Math.Min(options.Slots, DefaultContexts);

    private Sequence Prepare(DecodeRequest request)
    {
        SamplingOptionsValidator.Validate(request.Sampling);
        if (request.MaxTokens is < 1)
            throw new HybridException(HybridError.InvalidRequest, $"MaxTokens is {request.MaxTokens}; use 1 or more. Nothing was decoded.");
        if (request.LogProbabilities is { } alternatives)
            TokenScorer.Checked(alternatives);
        ToolRequestRules.Check(request, _model.Tools is not null);
        var constraint = Constraint(request);
        var shown = request.OffersTools ? _model.ToolMarkers : FrozenSet<int>.Empty;
        var tools = request.OffersTools ? request.Tools : [];
        var decoded = _prompts.Decoded(request, shown);
        int[] tokens = decoded is null ? _prompts.Of(request.Prompt, request.Continuation, tools) : [.. _prompts.Of(request.Prompt, "", tools), .. decoded];
        var room = _contextLength - tokens.Length;
        if (room < 1)
            throw new HybridException(HybridError.ContextExceeded, $"The prompt has {tokens.Length} tokens and the context holds {_contextLength}, answer included. Nothing was decoded; shorten the prompt or use a target with a longer context.");
        var sequence = new Sequence(tokens, Math.Min(request.MaxTokens ?? room, room), request, _model.VocabularySize, _options.Speculation && _model.Rewinds, _time.GetTimestamp(), constraint)
        {
            ShownControls = shown,
        };
        sequence.Sampler.Skip(decoded?.Count ?? 0);
        return sequence;
    }

    /// <summary>What keeps the answer to its format or to the call that is required, behind what was said already.</summary>
    private GrammarConstraint? Constraint(DecodeRequest request)
    {
        var mustCall = request.OffersTools && request.ToolChoice.Mode == ToolChoiceMode.Required;
        if (request.Format is null && !mustCall)
            return null;
        if (request.Format is not null && request.OffersTools)
            throw new HybridException(HybridError.InvalidRequest, "The request has tools and an output format, and a call would not keep the format. Nothing was decoded; leave one of them out.");
        var gbnf = request.Format is { } format ? FormatGrammar.Write(format) : ToolCallGrammar.Write(_model.Tools!.Format, request.Callable);
        var constraint = new GrammarConstraint(GrammarRules.Parse(gbnf), mustCall ? _model.CallTexts : _model.TokenTexts);
        constraint.Follow(request.Continuation);
        return constraint;
    }

    internal static HybridException Disposed() => new(HybridError.TargetUnavailable, "The engine was disposed. What was delivered stands.");

    private static TargetDescriptor Describe(LlamaModel model, LlamaEngineOptions options, int context)
    {
        var stated = options.Descriptor ?? new() { Name = "device", Model = Path.GetFileNameWithoutExtension(options.ModelPath), Zone = Zone.Device };
        var chat = model.Template is null ? TargetCapabilities.None : TargetCapabilities.Chat;
        return stated with
        {
            ContextLength = context,
            ParametersBillions = stated.ParametersBillions > 0 ? stated.ParametersBillions : model.File.ParameterCount / 1e9,
            Capabilities = chat | (model.Tools is null ? TargetCapabilities.None : TargetCapabilities.Tools) | TargetCapabilities.Text | TargetCapabilities.Json | TargetCapabilities.Grammar | TargetCapabilities.Tokens | TargetCapabilities.Continuation | TargetCapabilities.Embeddings | TargetCapabilities.LogProbabilities,
        };
    }
}
