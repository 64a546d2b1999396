using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Hybrid.Engines.LlamaCpp.Native;

namespace Hybrid.Tests.Engines.LlamaCpp;

/// <summary>Sizes and offsets as compiled from llama.cpp v0.5.0's headers.</summary>
[Collection("llama.cpp")]
public sealed unsafe class NativeLayoutTests
{
    [Fact]
    public void Structs_have_the_compiled_sizes()
    {
        Assert.Equal(80, sizeof(ModelParams));
        Assert.Equal(160, sizeof(ContextParams));
        Assert.Equal(56, sizeof(Batch));
        Assert.Equal(528, sizeof(ThreadpoolParams));
    }

    [Fact]
    public void Fields_have_the_compiled_offsets()
    {
        var model = default(ModelParams);
        Assert.Equal(16, Offset(ref model, ref model.GpuLayers));
        Assert.Equal(56, Offset(ref model, ref model.ProgressData));
        Assert.Equal(74, Offset(ref model, ref model.UseExtraBuffers));
        var context = default(ContextParams);
        Assert.Equal(12, Offset(ref context, ref context.Sequences));
        Assert.Equal(32, Offset(ref context, ref context.ThreadsBatch));
        Assert.Equal(44, Offset(ref context, ref context.Pooling));
        Assert.Equal(120, Offset(ref context, ref context.AbortData));
        Assert.Equal(133, Offset(ref context, ref context.UnifiedKv));
        var pool = default(ThreadpoolParams);
        Assert.Equal(512, Offset(ref pool, ref pool.Threads));
        Assert.Equal(520, Offset(ref pool, ref pool.Poll));
    }

    [Fact]
    public void The_batch_has_the_compiled_offsets()
    {
        var batch = default(Batch);
        var start = (byte*)&batch;
        Assert.Equal([8, 16, 24, 32, 40, 48], new[]
        {
            (int)((byte*)&batch.Tokens - start), (int)((byte*)&batch.Embeddings - start), (int)((byte*)&batch.Positions - start),
            (int)((byte*)&batch.SequenceCounts - start), (int)((byte*)&batch.Sequences - start), (int)((byte*)&batch.Outputs - start),
        });
    }

    [Fact]
    public void The_thread_pool_gets_what_the_library_fills_in()
    {
        NativeLibraries.EnsureLoaded(null);
        ThreadpoolParams parameters;
        NativeMethods.ggml_threadpool_params_init(&parameters, 3);
        Assert.Equal((3, 50u), (parameters.Threads, parameters.Poll));
    }

    private static int Offset<TStruct, TField>(ref TStruct start, ref TField field) =>
        (int)Unsafe.ByteOffset(ref Unsafe.As<TStruct, byte>(ref start), ref Unsafe.As<TField, byte>(ref field));
}
