using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: DisableRuntimeMarshalling]

namespace Hybrid.Engines.LlamaCpp.Native;

// The layouts are those of llama.cpp v0.5.0; bools are bytes. Start from the library's own defaults, never from zero.

/// <summary><c>llama_model_params</c>, 80 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 80)]
internal unsafe struct ModelParams
{
    [FieldOffset(16)] public int GpuLayers;
    [FieldOffset(48)] public delegate* unmanaged[Cdecl]<float, nint, byte> Progress;
    [FieldOffset(56)] public nint ProgressData;
    [FieldOffset(74)] public byte UseExtraBuffers;
}

/// <summary><c>llama_context_params</c>, 160 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 160)]
internal unsafe struct ContextParams
{
    [FieldOffset(0)] public uint Context;
    [FieldOffset(4)] public uint Batch;
    [FieldOffset(8)] public uint MicroBatch;
    [FieldOffset(12)] public uint Sequences;
    [FieldOffset(20)] public uint Outputs;
    [FieldOffset(28)] public int Threads;
    [FieldOffset(32)] public int ThreadsBatch;
    [FieldOffset(44)] public int Pooling;
    [FieldOffset(112)] public delegate* unmanaged[Cdecl]<nint, byte> Abort;
    [FieldOffset(120)] public nint AbortData;
    [FieldOffset(128)] public byte Embeddings;
    [FieldOffset(130)] public byte NoPerformance;
    [FieldOffset(133)] public byte UnifiedKv;
}

/// <summary><c>llama_batch</c>, 56 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct Batch
{
    public int Count;
    public int* Tokens;
    public float* Embeddings;
    public int* Positions;
    public int* SequenceCounts;
    public int** Sequences;
    public sbyte* Outputs;
}

/// <summary><c>ggml_threadpool_params</c>, 528 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 528)]
internal struct ThreadpoolParams
{
    [FieldOffset(512)] public int Threads;
    [FieldOffset(520)] public uint Poll;
}
