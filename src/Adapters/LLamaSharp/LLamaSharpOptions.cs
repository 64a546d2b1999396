using Hybrid.Targets;
using LLama.Common;

namespace Hybrid.Adapters.LLamaSharp;

/// <summary>How LLamaSharp runs a model.</summary>
public sealed record LLamaSharpOptions
{
    /// <summary>Name, prices, power and rates; context length and capabilities are the model's.</summary>
    /// <value>Null: <c>device</c>, and the model's own name.</value>
    public TargetDescriptor? Descriptor { get; init; }

    /// <summary>Tokens of each request, prompt and answer together; 16 or more.</summary>
    /// <value>Null: what the model was trained with, at most 4,096.</value>
    public int? ContextLength { get; init; }

    /// <summary>Requests decoded at once, 1 to 64; each has its own <see cref="ContextLength"/> in the KV cache.</summary>
    /// <value>4</value>
    public int Slots { get; init; } = 4;

    /// <summary>Requests that may wait for a slot; one more is refused with <see cref="HybridError.Busy"/>. 0 or more.</summary>
    /// <value>64</value>
    public int QueueCapacity { get; init; } = 64;

    /// <summary>Threads that decode; above 0.</summary>
    /// <value>Null: as many as the machine has.</value>
    public int? Threads { get; init; }

    /// <summary>Layers to put on a GPU; needs the backend for it. 0 or more.</summary>
    /// <value>0</value>
    public int GpuLayers { get; init; }

    /// <summary>Changes LLamaSharp's own parameters after all of the above; its context size and number of sequences stay.</summary>
    public Action<ModelParams>? Configure { get; init; }

    internal ModelParams Parameters(string path)
    {
        var parameters = new ModelParams(path) { GpuLayerCount = GpuLayers, Threads = Threads ?? Environment.ProcessorCount, BatchThreads = Threads ?? Environment.ProcessorCount };
        Configure?.Invoke(parameters);
        return parameters;
    }

    /// <exception cref="HybridException">A number is out of range (<see cref="HybridError.Configuration"/>).</exception>
    internal void Validate()
    {
        Check(nameof(ContextLength), ContextLength ?? 16, 16, int.MaxValue / 64);
        Check(nameof(Slots), Slots, 1, 64);
        Check(nameof(QueueCapacity), QueueCapacity, 0, 1_000_000);
        Check(nameof(Threads), Threads ?? 1, 1, 512);
        Check(nameof(GpuLayers), GpuLayers, 0, int.MaxValue);
    }

    private static void Check(string option, int value, int lowest, int highest)
    {
        if (value < lowest || value > highest)
            throw new HybridException(HybridError.Configuration, $"{nameof(LLamaSharpOptions)}.{option} is {value}; use {lowest} to {highest}. Nothing was loaded.");
    }
}
