using System.Collections.Frozen;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Hybrid.Engines.ChatTemplates;
using Hybrid.Engines.Grammar;
using Hybrid.Engines.LlamaCpp.Native;
using Hybrid.Engines.ToolCalls;
using Hybrid.Models.Gguf;
using Hybrid.Models.Guard;

namespace Hybrid.Engines.LlamaCpp;

/// <summary>A loaded model file: vocabulary, chat template and weights. Thread-safe; weights are shared by every context over it.</summary>
internal sealed unsafe class LlamaModel : IDisposable
{
    private readonly GuardedModel _guarded;
    private readonly nint _vocabulary;
    private readonly Lazy<TokenTexts> _tokenTexts;
    private readonly Lazy<TokenTexts> _callTexts;

    private LlamaModel(ModelHandle handle, GuardedModel guarded, bool onProcessor)
    {
        (Handle, _guarded, OnProcessor) = (handle, guarded, onProcessor);
        var file = guarded.File;
        _vocabulary = NativeMethods.llama_model_get_vocab(handle.Value);
        VocabularySize = NativeMethods.llama_vocab_n_tokens(_vocabulary);
        TrainedContext = NativeMethods.llama_model_n_ctx_train(handle.Value);
        EmbeddingLength = NativeMethods.llama_model_n_embd(handle.Value);
        Width = (long)EmbeddingLength * NativeMethods.llama_model_n_layer(handle.Value);
        var start = NativeMethods.llama_vocab_bos(_vocabulary);
        StartToken = NativeMethods.llama_vocab_get_add_bos(_vocabulary) != 0 ? start : null;
        (StartText, EndText) = (TokenText(start), TokenText(NativeMethods.llama_vocab_eos(_vocabulary)));
        (Template, TemplateProblem) = ReadTemplate(file.ChatTemplate);
        FoldsSystemTurns = Template is not null && SystemTurns.AreUnknown(Template, StartText, EndText);
        ControlTexts = FindControlTexts();
        Tools = Template is null ? null : ToolSupport.Probe(Template, StartText, EndText);
        ToolMarkers = FindToolMarkers();
        _tokenTexts = new(() => ReadTokenTexts(FrozenSet<int>.Empty));
        _callTexts = new(() => ToolMarkers.Count == 0 ? TokenTexts : ReadTokenTexts(ToolMarkers));
        Rewinds = NativeMethods.llama_model_is_recurrent(handle.Value) == 0 && NativeMethods.llama_model_is_hybrid(handle.Value) == 0;
    }

    public ModelHandle Handle { get; }

    public GgufFile File => _guarded.File;

    /// <summary>Null where the file has none, or one that is not understood.</summary>
    public ChatTemplate? Template { get; }

    /// <summary>Why the file's template cannot be used; null where it can, or where there is none.</summary>
    public string? TemplateProblem { get; }

    /// <summary>Whether the template has no system turn, so that its words go before the user's.</summary>
    public bool FoldsSystemTurns { get; }

    /// <summary>How it is shown tools; null where it knows none.</summary>
    public ToolSupport? Tools { get; }

    /// <summary>The control tokens that mark a call, shown in the text of an answer with tools.</summary>
    public IReadOnlySet<int> ToolMarkers { get; }

    /// <summary>What each token adds to an answer with a format; read when it is first needed.</summary>
    public TokenTexts TokenTexts => _tokenTexts.Value;

    /// <summary>The same with <see cref="ToolMarkers"/> shown.</summary>
    public TokenTexts CallTexts => _callTexts.Value;

    /// <summary>The start token as text; empty where there is none.</summary>
    public string StartText { get; }

    /// <summary>The end token as text; empty where there is none.</summary>
    public string EndText { get; }

    /// <summary>The texts that are read as control tokens where those are parsed.</summary>
    public IReadOnlyList<string> ControlTexts { get; }

    /// <summary>The token that the model asks to begin with; null where it asks for none.</summary>
    public int? StartToken { get; }

    /// <summary>Whether the processor computes it, no GPU.</summary>
    public bool OnProcessor { get; }

    /// <summary>Whether a sequence can go back to any earlier token; a recurrent state cannot.</summary>
    public bool Rewinds { get; }

    public int VocabularySize { get; }

    public int TrainedContext { get; }

    public int EmbeddingLength { get; }

    /// <summary>Layers times embedding length.</summary>
    public long Width { get; }

    /// <inheritdoc cref="ModelLoad.RunAsync" />
    public static Task<LlamaModel> LoadAsync(string path, int gpuLayers, IProgress<double>? progress, CancellationToken cancellationToken) =>
        ModelLoad.RunAsync(path, gpuLayers, TimeProvider.System, progress, cancellationToken);

    /// <summary>Whether the same ids mean the same texts in both.</summary>
    /// <remarks>Drafts need no more than that, where an equal fingerprint asks for the same special ids and flags too.</remarks>
    public bool SharesVocabularyWith(LlamaModel other)
    {
        if (other.VocabularySize != VocabularySize)
            return false;
        for (var token = 0; token < VocabularySize; token++)
        {
            if (NativeLibraries.Utf8(NativeMethods.llama_vocab_get_text(_vocabulary, token)) != NativeLibraries.Utf8(NativeMethods.llama_vocab_get_text(other._vocabulary, token)))
                return false;
        }

        return true;
    }

    public bool IsEndOfGeneration(int token) => NativeMethods.llama_vocab_is_eog(_vocabulary, token) != 0;

    /// <summary>Token ids of a text.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="addSpecial">Adds the start token where the model asks for one.</param>
    /// <param name="parseSpecial">Reads control tokens such as <c>&lt;|im_end|&gt;</c> in the text as such.</param>
    public int[] Tokenize(string text, bool addSpecial, bool parseSpecial)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var tokens = new int[bytes.Length + 3];
        using var held = Hold();
        var count = Tokenize(bytes, tokens, addSpecial, parseSpecial);
        if (count < 0 && count != int.MinValue)
            count = Tokenize(bytes, tokens = new int[-count], addSpecial, parseSpecial);
        return count >= 0 ? tokens[..count] : throw new HybridException(HybridError.InvalidRequest, $"A text of {bytes.Length} bytes is too long to tokenise. Nothing was decoded.");
    }

    /// <summary>Keeps the vocabulary until it is disposed, for a thread that may race with the end of the engine.</summary>
    /// <exception cref="HybridException">The engine has ended.</exception>
    public Held Hold()
    {
        var held = false;
        try
        {
            Handle.DangerousAddRef(ref held);
            return new(Handle);
        }
        catch (ObjectDisposedException)
        {
            throw LlamaEngine.Disposed();
        }
    }

    /// <summary>The bytes of a token; the needed length as a negative number where the buffer is too small.</summary>
    private int TokenToPiece(int token, Span<byte> buffer, bool special)
    {
        fixed (byte* target = buffer)
            return NativeMethods.llama_token_to_piece(_vocabulary, token, target, buffer.Length, 0, Flag(special));
    }

    /// <summary>The bytes of a token, in the buffer where they fit; control tokens as nothing unless they are asked for.</summary>
    public ReadOnlySpan<byte> Piece(int token, byte[] buffer, bool special = false)
    {
        var length = TokenToPiece(token, buffer, special);
        if (length >= 0)
            return buffer.AsSpan(0, length);
        var longer = new byte[-length];
        return longer.AsSpan(0, Math.Max(0, TokenToPiece(token, longer, special)));
    }

    public void Dispose()
    {
        Handle.Dispose();
        _guarded.Dispose();
    }

    /// <summary>Loads a file that was checked, and keeps it where that succeeds.</summary>
    public static LlamaModel Load(GuardedModel guarded, int gpuLayers, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        var path = guarded.File.Path;
        if (!GgufArchitectures.Generates(guarded.File.Architecture))
            throw Error(path, $"architecture '{guarded.File.Architecture}' does not generate text token by token");
        cancellationToken.ThrowIfCancellationRequested();
        var loading = new Loading(progress, cancellationToken);
        var pin = GCHandle.Alloc(loading);
        try
        {
            var parameters = NativeMethods.llama_model_default_params();
            parameters.GpuLayers = gpuLayers;
            parameters.Progress = &OnProgress;
            parameters.ProgressData = GCHandle.ToIntPtr(pin);
            NativeLog.FirstError = "";
            nint model;
            fixed (byte* name = Encoding.UTF8.GetBytes(Path.GetFullPath(path) + "\0"))
                model = NativeMethods.llama_model_load_from_file(name, parameters);
            if (model == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw Error(path, $"llama.cpp could not load it: {NativeLog.FirstError}");
            }

            var handle = new ModelHandle(model);
            try
            {
                guarded.RequireUnchanged();
                return new LlamaModel(handle, guarded, gpuLayers == 0);
            }
            catch
            {
                handle.Dispose();
                throw;
            }
        }
        finally
        {
            pin.Free();
        }
    }

    private int Tokenize(byte[] bytes, int[] tokens, bool addSpecial, bool parseSpecial)
    {
        fixed (byte* source = bytes.Length == 0 ? [0] : bytes)
        fixed (int* target = tokens)
            return NativeMethods.llama_tokenize(_vocabulary, source, bytes.Length, target, tokens.Length, Flag(addSpecial), Flag(parseSpecial));
    }

    private string TokenText(int token) => token < 0 ? "" : NativeLibraries.Utf8(NativeMethods.llama_vocab_get_text(_vocabulary, token));

    private (ChatTemplate? Template, string? Problem) ReadTemplate(string? source)
    {
        if (source is null)
            return (null, null);
        try
        {
            // Some faults show only when it is used.
            var template = ChatTemplate.Parse(source);
            template.Render(new() { Messages = [new("user", "?")], BosToken = StartText, EosToken = EndText, Now = DateTimeOffset.UnixEpoch });
            return (template, null);
        }
        catch (HybridException problem)
        {
            return (null, problem.Message);
        }
    }

    private HashSet<int> FindToolMarkers() => Tools is not { Format: var format } ? [] :
    [
        .. new[] { format.Opening, format.Closing }.Where(marker => ControlTexts.Contains(marker))
            .Select(marker => Tokenize(marker, addSpecial: false, parseSpecial: true)).Where(tokens => tokens.Length == 1).Select(tokens => tokens[0]),
    ];

    private List<string> FindControlTexts()
    {
        // Those that llama.cpp reads only where it is told to; user-defined tokens are plain text, which it always reads.
        const int Unknown = 1 << 0;
        const int Control = 1 << 3;
        var texts = new List<string>();
        for (var token = 0; token < VocabularySize; token++)
        {
            if ((NativeMethods.llama_vocab_get_attr(_vocabulary, token) & (Control | Unknown)) != 0)
                texts.Add(NativeLibraries.Utf8(NativeMethods.llama_vocab_get_text(_vocabulary, token)));
        }

        texts.RemoveAll(text => text.Length < 2);
        return texts;
    }

    private TokenTexts ReadTokenTexts(IReadOnlySet<int> shown)
    {
        var buffer = new byte[512];
        using var held = Hold();
        return new(VocabularySize, token => Piece(token, buffer, special: shown.Contains(token)).ToArray(), IsEndOfGeneration);
    }

    private static byte Flag(bool value) => value ? (byte)1 : (byte)0;

    private static HybridException Error(string path, string reason) =>
        new(HybridError.ModelFile, $"Model file '{path}': {reason}. Nothing was loaded; use a GGUF file of a text model that llama.cpp v{NativeLibraries.Version} knows.");

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte OnProgress(float value, nint data)
    {
        var loading = (Loading)GCHandle.FromIntPtr(data).Target!;
        try
        {
            loading.Progress?.Report(value);
        }
        catch (Exception)
        {
            // A progress handler that throws must not unwind through native frames; the load goes on.
        }

        return Flag(!loading.CancellationToken.IsCancellationRequested);
    }

    public readonly ref struct Held(ModelHandle handle) : IDisposable
    {
        public void Dispose() => handle.DangerousRelease();
    }

    private sealed record Loading(IProgress<double>? Progress, CancellationToken CancellationToken);
}
