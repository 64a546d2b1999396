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

    // Pinned, and freed by the collector alone, so that an abort that comes too late writes to no freed memory.
    private readonly long[] _tickets = GC.AllocateArray<long>(2, pinned: true);
    private readonly void* _block;
    private Batch _batch;

    public DecodeContext(LlamaModel model, LlamaEngineOptions options, int context, bool embeddings)
    {
        var threads = options.Threads ?? Environment.ProcessorCount;
        var batch = embeddings ? context : Math.Min(options.BatchSize, context);
        var parameters = NativeMethods.llama_context_default_params();
        parameters.Sequences = (uint)(embeddings ? 1 : options.Slots);
        parameters.Context = (uint)context * parameters.Sequences;
        parameters.Batch = parameters.MicroBatch = (uint)batch;
        parameters.Threads = parameters.ThreadsBatch = threads;
        parameters.UnifiedKv = 0;
        parameters.Abort = &ShouldAbort;
        parameters.AbortData = (nint)Unsafe.AsPointer(ref _tickets[0]);
        if (embeddings)
        {
            const int Mean = 1;
            parameters.Embeddings = 1;
            parameters.Pooling = Mean;
        }

        NativeLog.FirstError = "";
        var handle = NativeMethods.llama_init_from_model(model.Handle.Value, parameters);
        if (handle == 0)
        {
            throw new HybridException(HybridError.Internal,
                $"llama.cpp could not make a context of {parameters.Sequences} x {context} tokens: {NativeLog.FirstError}. Lower ContextLength or Slots.");
        }

        var pool = ThreadpoolHandle.Create(threads, options.Poll);
        _handle = new ContextHandle(handle, model.Handle, pool);
        if (pool is not null)
        {
            NativeMethods.llama_attach_threadpool(handle, pool.Value, pool.Value);
            pool.Dispose(); // The context holds it now.
        }

        _memory = NativeMethods.llama_get_memory(handle);
        if (_memory == 0)
        {
            _handle.Dispose();
            throw new HybridException(HybridError.ModelFile, $"Model file '{options.ModelPath}': architecture '{model.File.Architecture}' has no KV cache and does not generate text token by token. Use a text model.");
        }

        _vocabularySize = model.VocabularySize;
        ContextLength = Math.Min(context, (int)NativeMethods.llama_n_ctx_seq(handle));
        BatchSize = batch;
        _block = Allocate(batch);
    }

    public int ContextLength { get; }

    public int BatchSize { get; }

    /// <summary>Makes the decode that has this ticket return soon, and no other. From any thread.</summary>
    public void Abort(long ticket) => Volatile.Write(ref _tickets[1], ticket);

    /// <summary>Makes every decode return soon, from now on. From any thread.</summary>
    public void AbortAll() => Abort(long.MaxValue);

    /// <summary>Decodes tokens of one sequence; logits are kept for the last one, or embeddings for all.</summary>
    /// <param name="tokens">At most a batch.</param>
    /// <param name="position">Where they stand in the sequence.</param>
    /// <param name="sequence">The slot.</param>
    /// <param name="ticket">Above 0; names the request for <see cref="Abort"/>.</param>
    /// <param name="everyOutput">Whether all of them give an output.</param>
    /// <returns>llama.cpp's code: 0 done, 1 no room, 2 aborted, below 0 an error.</returns>
    public int Decode(ReadOnlySpan<int> tokens, int position, int sequence, long ticket, bool everyOutput = false)
    {
        Volatile.Write(ref _tickets[0], ticket);
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

    public ReadOnlySpan<float> Logits()
    {
        var logits = NativeMethods.llama_get_logits_ith(_handle.Value, -1);
        return logits != null
            ? new(logits, _vocabularySize)
            : throw new HybridException(HybridError.Internal, "llama.cpp decoded and gave no logits. What was delivered stands; other requests go on.");
    }

    public ReadOnlySpan<float> Embedding(int length) => new(NativeMethods.llama_get_embeddings_seq(_handle.Value, 0), length);

    /// <summary>Forgets a sequence from a position on.</summary>
    public void Forget(int sequence, int from = 0) => NativeMethods.llama_memory_seq_rm(_memory, sequence, from, -1);

    public void Dispose()
    {
        _handle.Dispose();
        NativeMemory.Free(_block);
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
