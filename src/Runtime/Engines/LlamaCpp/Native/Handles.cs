using System.Runtime.InteropServices;

namespace Hybrid.Engines.LlamaCpp.Native;

internal sealed class ModelHandle : SafeHandle
{
    public ModelHandle(nint handle)
        : base(0, ownsHandle: true) => SetHandle(handle);

    public override bool IsInvalid => handle == 0;

    public nint Value => handle;

    protected override bool ReleaseHandle()
    {
        NativeMethods.llama_model_free(handle);
        FreedMemory.Return();
        return true;
    }
}

internal sealed class ContextHandle : SafeHandle
{
    // All threads that it ever decoded on: llama.cpp pauses the last ones when it first decodes on others, so they must be there.
    private readonly List<ThreadpoolHandle> _threads = [];
    private readonly ModelHandle _model;

    /// <summary>Keeps the model alive as long as the context needs it.</summary>
    public ContextHandle(nint handle, ModelHandle model)
        : base(0, ownsHandle: true)
    {
        SetHandle(handle);
        _model = model;
        var added = false;
        model.DangerousAddRef(ref added);
    }

    public override bool IsInvalid => handle == 0;

    public nint Value => handle;

    /// <summary>Decodes on these threads from now on, and keeps them alive.</summary>
    /// <param name="threads">The threads.</param>
    /// <param name="count">How many of them a step uses.</param>
    public void Attach(ThreadpoolHandle threads, int count)
    {
        if (!_threads.Contains(threads))
        {
            var added = false;
            threads.DangerousAddRef(ref added);
            _threads.Add(threads);
        }

        NativeMethods.llama_attach_threadpool(handle, threads.Value, threads.Value);
        NativeMethods.llama_set_n_threads(handle, count, count);
    }

    protected override bool ReleaseHandle()
    {
        NativeMethods.llama_free(handle);
        _threads.ForEach(threads => threads.DangerousRelease());
        _model.DangerousRelease();
        FreedMemory.Return();
        return true;
    }
}

/// <summary>Threads that a context decodes on. Without one, ggml starts threads anew for every graph.</summary>
internal sealed unsafe class ThreadpoolHandle : SafeHandle
{
    private readonly delegate* unmanaged[Cdecl]<nint, void> _free;

    private ThreadpoolHandle(nint handle, delegate* unmanaged[Cdecl]<nint, void> free)
        : base(0, ownsHandle: true)
    {
        SetHandle(handle);
        _free = free;
    }

    public override bool IsInvalid => handle == 0;

    public nint Value => handle;

    /// <param name="threads">At least 1.</param>
    /// <param name="poll">How hard idle threads spin, 0 to 100.</param>
    public static ThreadpoolHandle? Create(int threads, int poll)
    {
        const int Cpu = 0;
        var device = NativeMethods.ggml_backend_dev_by_type(Cpu);
        if (device == 0)
            return null;
        var registry = NativeMethods.ggml_backend_dev_backend_reg(device);
        var create = (delegate* unmanaged[Cdecl]<ThreadpoolParams*, nint>)Address(registry, "ggml_threadpool_new\0"u8);
        var free = (delegate* unmanaged[Cdecl]<nint, void>)Address(registry, "ggml_threadpool_free\0"u8);
        if (create == null || free == null)
            return null;
        ThreadpoolParams parameters;
        NativeMethods.ggml_threadpool_params_init(&parameters, threads);
        parameters.Poll = (uint)poll;
        return new ThreadpoolHandle(create(&parameters), free);
    }

    protected override bool ReleaseHandle()
    {
        _free(handle);
        return true;
    }

    private static nint Address(nint registry, ReadOnlySpan<byte> name)
    {
        fixed (byte* text = name)
            return NativeMethods.ggml_backend_reg_get_proc_address(registry, text);
    }
}
