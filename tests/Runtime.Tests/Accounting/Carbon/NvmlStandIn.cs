using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Hybrid.Accounting;

namespace Hybrid.Tests.Accounting.Carbon;

/// <summary>NVIDIA's management library as its pages describe it, behind native functions; for one test at a time.</summary>
internal static unsafe class NvmlStandIn
{
    public const int Uninitialized = 1;
    public const int InvalidArgument = 2;
    public const int NotSupported = 3;
    public const int DriverNotLoaded = 9;
    public const int GpuIsLost = 15;
    public const int Unknown = 999;
    private const nint FirstHandle = 0x1000;

    /// <summary>What <c>nvmlInit_v2</c> and <c>nvmlDeviceGetCount_v2</c> say.</summary>
    public static int InitStatus { get; set; }

    public static int CountStatus { get; set; }

    public static List<Gpu> Gpus { get; } = [];

    /// <summary>How often it was begun and not ended.</summary>
    public static int Users { get; private set; }

    /// <summary>A library in working order with these GPUs.</summary>
    public static NvmlFunctions With(params Gpu[] gpus)
    {
        (InitStatus, CountStatus, Users) = (0, 0, 0);
        Gpus.Clear();
        Gpus.AddRange(gpus);
        return NvmlFunctions.Find(AddressOf, out _)!;
    }

    public static nint AddressOf(string function) => function switch
    {
        "nvmlInit_v2" => (nint)(delegate* unmanaged[Cdecl]<int>)&Init,
        "nvmlShutdown" => (nint)(delegate* unmanaged[Cdecl]<int>)&Shutdown,
        "nvmlDeviceGetCount_v2" => (nint)(delegate* unmanaged[Cdecl]<uint*, int>)&Count,
        "nvmlDeviceGetHandleByIndex_v2" => (nint)(delegate* unmanaged[Cdecl]<uint, nint*, int>)&Device,
        "nvmlDeviceGetTotalEnergyConsumption" => (nint)(delegate* unmanaged[Cdecl]<nint, ulong*, int>)&Energy,
        _ => 0,
    };

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Init()
    {
        if (InitStatus == 0) Users++;
        return InitStatus;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Shutdown()
    {
        if (Users == 0) return Uninitialized;
        Users--;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Count(uint* count)
    {
        if (Users == 0) return Uninitialized;
        if (CountStatus == 0) *count = (uint)Gpus.Count;
        return CountStatus;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Device(uint index, nint* device)
    {
        if (Users == 0) return Uninitialized;
        if (index >= Gpus.Count) return InvalidArgument;
        if (Gpus[(int)index].HandleStatus == 0) *device = FirstHandle + (nint)index;
        return Gpus[(int)index].HandleStatus;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Energy(nint device, ulong* millijoules)
    {
        if (Users == 0) return Uninitialized;
        var index = device - FirstHandle;
        if (index < 0 || index >= Gpus.Count) return InvalidArgument;
        var gpu = Gpus[(int)index];
        if (gpu.Status == 0) *millijoules = gpu.Millijoules;
        return gpu.Status;
    }

    /// <summary>What one GPU says.</summary>
    internal sealed class Gpu(ulong millijoules)
    {
        public ulong Millijoules { get; set; } = millijoules;

        public int Status { get; set; }

        public int HandleStatus { get; init; }
    }
}
