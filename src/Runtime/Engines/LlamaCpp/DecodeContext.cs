using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Hybrid.Engines.LlamaCpp.Batching;
using Hybrid.Engines.LlamaCpp.Native;
using Hybrid.Engines.LlamaCpp.Prefixes;

namespace Hybrid.Engines.LlamaCpp;

/// <summary>What a llama.cpp context is made for.</summary>
/// <param name="Cells">Tokens that its KV cache holds, of all sequences together.</param>
/// <param name="BatchSize">Most tokens of one step.</param>
/// <param name="Outputs">Most tokens of one step that give logits.</param>
/// <param name="Sequences">States that a recurrent model keeps; others share the cells among up to <see cref="DecodeContext.SequenceIds"/>.</param>
/// <param name="Threads">Threads of a step.</param>
/// <param name="Poll">How hard they spin while they wait, 0 to 100.</param>
/// <param name="Embeddings">Whether it gives embeddings, not logits.</param>
internal readonly record struct ContextShape(int Cells, int BatchSize, int Outputs, int Sequences, int Threads, int Poll, bool Embeddings = false);

/// <summary>A llama.cpp context and one batch that is filled again and again. For one thread, but for <see cref="Abort"/>.</summary>
internal sealed unsafe class DecodeContext : IKvCells, IDisposable
{
    /// <summary>Sequence ids that requests may use of those that a shared KV cache knows.</summary>
    public const int SequenceIds = PaddingSequence;

    /// <summary>llama.cpp's code of a decode that <see cref="Abort"/> or <see cref="AbortAll"/> ended.</summary>
    public const int Aborted = 2;

    private const int PaddingSequence = 255;
    private readonly ContextHandle _handle;
    private readonly ComputePool.Member? _turn;
    private readonly bool _ownsTurn;
    private readonly TimeProvider _time;
    private readonly ThreadGovernor? _governor;
    private readonly nint _memory;
    private readonly int _vocabularySize;

    // Pinned, and freed by the collector alone, so that an abort that comes too late writes to no freed memory.
    private readonly long[] _tickets = GC.AllocateArray<long>(2, pinned: true);
    private readonly void* _block;
    private Batch _batch;
    private int _padding;
    private bool _turnIsNew;
    private long _attached = -1;

    /// <param name="model">The weights.</param>
    /// <param name="shape">What it is made for.</param>
    /// <param name="partner">The context in whose turns this one decodes; null: it takes turns of its own.</param>
    /// <param name="time">The clock of <see cref="LastSeconds"/>.</param>
    public DecodeContext(LlamaModel model, in ContextShape shape, DecodeContext? partner = null, TimeProvider? time = null)
    {
        _time = time ?? TimeProvider.System;
        var parameters = NativeMethods.llama_context_default_params();
        parameters.Sequences = (uint)shape.Sequences;
        parameters.Context = (uint)shape.Cells + TilePadding.Tile; // so that padding never lacks room
        parameters.Batch = parameters.MicroBatch = (uint)shape.BatchSize;
        parameters.Outputs = (uint)Math.Max(shape.Outputs, shape.Sequences); // fewer would end the process
        parameters.Threads = parameters.ThreadsBatch = shape.Threads;
        parameters.UnifiedKv = 1;
        parameters.Abort = &ShouldAbort;
        parameters.AbortData = (nint)Unsafe.AsPointer(ref _tickets[0]);
        if (shape.Embeddings)
        {
            const int Mean = 1;
            parameters.Embeddings = 1;
            parameters.Pooling = Mean;
        }

        NativeLog.FirstError = "";
        var handle = NativeMethods.llama_init_from_model(model.Handle.Value, parameters);
        if (handle == 0)
            throw new HybridException(HybridError.Internal, $"llama.cpp could not make a context of {shape.Cells} tokens: {NativeLog.FirstError}. Lower ContextLength, Slots or KvTokens.");
        _handle = new ContextHandle(handle, model.Handle);
        _memory = NativeMethods.llama_get_memory(handle);
        if (_memory == 0)
        {
            _handle.Dispose();
            throw new HybridException(HybridError.ModelFile, $"Model file '{model.File.Path}': architecture '{model.File.Architecture}' has no KV cache and does not generate text token by token. Use a text model.");
        }

        _vocabularySize = model.VocabularySize;
        (Cells, BatchSize) = (shape.Cells, shape.BatchSize);
        _block = Allocate(shape.BatchSize);
        (_turn, _ownsTurn) = (partner?._turn, partner is null);
        if (!model.OnProcessor)
            AttachOwnThreads(shape); // A GPU orders the work of contexts by itself.
        else
            _turn ??= ComputePool.Shared.Join(shape.Threads, shape.Poll);
        _governor = _ownsTurn && _turn is not null && shape.Threads > 1 ? new(shape.Threads, _time) : null;
    }

    public int Cells { get; }

    public int BatchSize { get; }

    /// <summary>Tokens in the batch.</summary>
    public int Count => _batch.Count;

    /// <summary>How long the last decode took.</summary>
    public double LastSeconds { get; private set; }

    /// <summary>How long all of them took together.</summary>
    public double AllSeconds { get; private set; }

    /// <summary>Whether another context of this process waits for its turn.</summary>
    public bool OthersWait => _turn?.OthersWait ?? false;

    /// <summary>Waits for this context's turn to compute; it lasts until <see cref="EndTurn"/>. False where it lasts already.</summary>
    public bool BeginTurn() => _turn?.Enter() is true && (_turnIsNew = true);

    public void EndTurn() => _turn?.Exit();

    /// <summary>Makes the decode that has this ticket return soon, and no other. From any thread.</summary>
    public void Abort(long ticket) => Volatile.Write(ref _tickets[1], ticket);

    /// <summary>Makes every decode return soon, from now on. From any thread.</summary>
    public void AbortAll() => Abort(long.MaxValue);

    /// <summary>Empties the batch.</summary>
    public void Clear() => _batch.Count = 0;

    /// <summary>Puts a token into the batch.</summary>
    public void Add(int token, int position, int sequence, bool output)
    {
        var at = _batch.Count++;
        _batch.Tokens[at] = token;
        _batch.Positions[at] = position;
        _batch.Sequences[at][0] = sequence;
        _batch.Outputs[at] = output ? (sbyte)1 : (sbyte)0;
    }

    /// <summary>Adds rows that belong to nobody and are forgotten after the decode; <see cref="Count"/> does not count them.</summary>
    public void Pad(int rows)
    {
        for (_padding = 0; _padding < rows; _padding++)
            Add(0, _padding, PaddingSequence, output: false);
        _batch.Count -= rows;
    }

    /// <summary>Decodes the batch.</summary>
    /// <param name="ticket">Above 0; names this decode for <see cref="Abort"/>.</param>
    /// <returns>llama.cpp's code: 0 done, 1 no room, 2 aborted, below 0 an error.</returns>
    public int Decode(long ticket)
    {
        Volatile.Write(ref _tickets[0], ticket);
        if (_governor is not null)
            _turn!.Want(_governor.Threads);
        _turn?.Attach(_handle, ref _attached);
        var began = _time.GetTimestamp();
        var code = NativeMethods.llama_decode(_handle.Value, _batch with { Count = _batch.Count + _padding });
        LastSeconds = _time.GetElapsedTime(began).TotalSeconds;
        AllSeconds += LastSeconds;
        if (_padding > 0)
            Forget(PaddingSequence, -1, -1);
        _padding = 0;
        return code;
    }

    /// <summary>Lets what the last decode took count for how many threads the next ones use.</summary>
    public void JudgeThreads()
    {
        if (!_turnIsNew) // the first step of a turn waits for its threads to wake
            _governor?.Observe(_batch.Count, LastSeconds);
        _turnIsNew = false;
    }

    /// <summary>Logits of the batch's token at this place, the caller's to use and to spoil until the next decode.</summary>
    public Span<float> Logits(int index)
    {
        var logits = NativeMethods.llama_get_logits_ith(_handle.Value, index);
        return logits != null
            ? new(logits, _vocabularySize)
            : throw new HybridException(HybridError.Internal, "llama.cpp decoded and gave no logits. What was delivered stands; other requests go on.");
    }

    public ReadOnlySpan<float> Embedding(int length) => new(NativeMethods.llama_get_embeddings_seq(_handle.Value, 0), length);

    public void Share(int from, int to, int start, int end) => NativeMethods.llama_memory_seq_cp(_memory, from, to, start, end);

    public void Forget(int sequence, int start, int end) => NativeMethods.llama_memory_seq_rm(_memory, sequence, start, end);

    /// <summary>Bytes that a sequence's cells take when they are saved.</summary>
    public long StateSize(int sequence) => (long)NativeMethods.llama_state_seq_get_size(_handle.Value, sequence);

    /// <summary>Copies a sequence's cells out; the bytes written, 0 where it failed.</summary>
    public long SaveState(int sequence, Span<byte> target)
    {
        fixed (byte* data = target)
            return (long)NativeMethods.llama_state_seq_get_data(_handle.Value, data, (nuint)target.Length, sequence);
    }

    /// <summary>Fills cells for a sequence; false where the data are none of this context's.</summary>
    public bool RestoreState(int sequence, ReadOnlySpan<byte> source)
    {
        fixed (byte* data = source)
            return NativeMethods.llama_state_seq_set_data(_handle.Value, data, (nuint)source.Length, sequence) == (nuint)source.Length;
    }

    public void Dispose()
    {
        _handle.Dispose();
        if (_ownsTurn)
            _turn?.Dispose();
        NativeMemory.Free(_block);
    }

    private void AttachOwnThreads(in ContextShape shape)
    {
        using var threads = ThreadpoolHandle.Create(shape.Threads, shape.Poll);
        if (threads is not null)
            _handle.Attach(threads, shape.Threads);
    }

    /// <summary>One block for all of a batch's arrays.</summary>
    private void* Allocate(int size)
    {
        var block = (byte*)NativeMemory.AllocZeroed((nuint)(size * ((sizeof(int) * 4) + sizeof(nint) + 1)));
        _batch.Sequences = (int**)block;
        _batch.Tokens = (int*)(block + (size * sizeof(nint)));
        _batch.Positions = _batch.Tokens + size;
        _batch.SequenceCounts = _batch.Positions + size;
        var ids = _batch.SequenceCounts + size;
        _batch.Outputs = (sbyte*)(ids + size);
        for (var i = 0; i < size; i++)
        {
            _batch.Sequences[i] = ids + i;
            _batch.SequenceCounts[i] = 1;
        }

        return block;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte ShouldAbort(nint data)
    {
        var (running, unwanted) = (((long*)data)[0], Volatile.Read(ref ((long*)data)[1]));
        return running == unwanted || unwanted == long.MaxValue ? (byte)1 : (byte)0;
    }
}
