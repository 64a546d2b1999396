using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Hybrid.Engines.LlamaCpp.Native;

namespace Hybrid.Engines.LlamaCpp;

/// <summary>A llama.cpp context with its threads and one batch that is used again and again. For one thread, but for <see cref="Abort"/>.</summary>
internal sealed unsafe class DecodeContext : IDisposable
{
    private readonly ContextHandle _handle;
    private readonly nint _memory;
    private readonly int _vocabularySize;
    private readonly byte* _abort;
    private readonly void* _block;
    private Batch _batch;

    public DecodeContext(LlamaModel model, LlamaEngineOptions options, int context, bool embeddings)
    {
        var threads = options.Threads ?? Environment.ProcessorCount;
        var batch = embeddings ? context : Math.Min(options.BatchSize, context);
        _abort = (byte*)NativeMemory.AllocZeroed(1);
        var parameters = NativeMethods.llama_context_default_params();
        parameters.Sequences = (uint)(embeddings ? 1 : options.Slots);
        parameters.Context = (uint)context * parameters.Sequences;
        parameters.Batch = parameters.MicroBatch = (uint)batch;
        parameters.Threads = parameters.ThreadsBatch = threads;
        parameters.UnifiedKv = 0;
        parameters.Abort = &ShouldAbort;
        parameters.AbortData = (nint)_abort;
        if (embeddings)
        {
            const int Mean = 1;
            parameters.Embeddings = 1;
            parameters.Pooling = Mean;
        }

        NativeLog.LastError = "";
        var handle = NativeMethods.llama_init_from_model(model.Handle.Value, parameters);
        if (handle == 0)
        {
            NativeMemory.Free(_abort);
            throw new HybridException(HybridError.Internal,
                $"llama.cpp could not make a context of {parameters.Sequences} x {context} tokens: {NativeLog.LastError}. Lower ContextLength or Slots.");
        }

        var pool = ThreadpoolHandle.Create(threads, options.Poll);
        _handle = new ContextHandle(handle, model.Handle, pool);
        if (pool is not null)
        {
            NativeMethods.llama_attach_threadpool(handle, pool.Value, pool.Value);
            pool.Dispose(); // The context holds it now.
        }

        _memory = NativeMethods.llama_get_memory(handle);
        _vocabularySize = model.VocabularySize;
        ContextLength = Math.Min(context, (int)NativeMethods.llama_n_ctx_seq(handle));
        BatchSize = batch;
        _block = Allocate(batch);
    }

    public int ContextLength { get; }

    public int BatchSize { get; }

    /// <summary>Makes the running decode return soon. From any thread.</summary>
    public void Abort() => Volatile.Write(ref *_abort, 1);

    /// <summary>Decodes tokens of one sequence; logits are kept for the last one, or embeddings for all.</summary>
    /// <returns>llama.cpp's code: 0 done, 1 no room, 2 aborted, below 0 an error.</returns>
    public int Decode(ReadOnlySpan<int> tokens, int position, int sequence, bool everyOutput = false)
    {
        Volatile.Write(ref *_abort, 0);
        _batch.Count = tokens.Length;
        for (var i = 0; i < tokens.Length; i++)
        {
            _batch.Tokens[i] = tokens[i];
            _batch.Positions[i] = position + i;
            _batch.Sequences[i][0] = sequence;
            _batch.Outputs[i] = everyOutput || i == tokens.Length - 1 ? (sbyte)1 : (sbyte)0;
        }

        return NativeMethods.llama_decode(_handle.Value, _batch);
    }

    public ReadOnlySpan<float> Logits() => new(NativeMethods.llama_get_logits_ith(_handle.Value, -1), _vocabularySize);

    public ReadOnlySpan<float> Embedding(int length) => new(NativeMethods.llama_get_embeddings_seq(_handle.Value, 0), length);

    /// <summary>Forgets a sequence from a position on.</summary>
    public void Forget(int sequence, int from = 0) => NativeMethods.llama_memory_seq_rm(_memory, sequence, from, -1);

    public void Dispose()
    {
        _handle.Dispose();
        NativeMemory.Free(_block);
        NativeMemory.Free(_abort);
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
    private static byte ShouldAbort(nint data) => Volatile.Read(ref *(byte*)data);
}
