using Hybrid.Targets;

namespace Hybrid.Adapters.OnnxRuntimeGenAI;

/// <summary>How ONNX Runtime GenAI runs a model.</summary>
public sealed record OnnxGenAIOptions
{
    /// <summary>Name, prices, power and rates; context length and capabilities are the model's.</summary>
    /// <value>Null: <c>device</c>, and the folder's name.</value>
    public TargetDescriptor? Descriptor { get; init; }

    /// <summary>Tokens of each request, prompt and answer together; 16 or more.</summary>
    /// <value>Null: what the model's configuration says, at most 4,096.</value>
    public int? ContextLength { get; init; }

    /// <summary>Requests that are decoded in turn, 1 to 64; each has its own KV cache.</summary>
    /// <value>2</value>
    public int Slots { get; init; } = 2;

    /// <summary>Requests that may wait for a slot; one more is refused with <see cref="HybridError.Busy"/>. 0 or more.</summary>
    /// <value>64</value>
    public int QueueCapacity { get; init; } = 64;

    /// <summary>What computes it.</summary>
    /// <value><see cref="OnnxProvider.Cpu"/></value>
    public OnnxProvider Provider { get; init; }

    /// <exception cref="HybridException">A number is out of range (<see cref="HybridError.Configuration"/>).</exception>
    internal void Validate()
    {
        Check(nameof(ContextLength), ContextLength ?? 16, 16, int.MaxValue / 64);
        Check(nameof(Slots), Slots, 1, 64);
        Check(nameof(QueueCapacity), QueueCapacity, 0, 1_000_000);
    }

    private static void Check(string option, int value, int lowest, int highest)
    {
        if (value < lowest || value > highest)
            throw new HybridException(HybridError.Configuration, $"{nameof(OnnxGenAIOptions)}.{option} is {value}; use {lowest} to {highest}. Nothing was loaded.");
    }
}

/// <summary>What computes a model.</summary>
public enum OnnxProvider
{
    /// <summary>The processor.</summary>
    Cpu,

    /// <summary>An NVIDIA GPU; needs <c>Microsoft.ML.OnnxRuntimeGenAI.Cuda</c> in the app.</summary>
    Cuda,
}
