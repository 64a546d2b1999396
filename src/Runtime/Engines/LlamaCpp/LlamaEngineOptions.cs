using Hybrid.Targets;

namespace Hybrid.Engines.LlamaCpp;

/// <summary>What to load and how to run it.</summary>
public sealed record LlamaEngineOptions
{
    /// <summary>The GGUF file.</summary>
    public required string ModelPath { get; init; }

    /// <summary>Name, prices, power and stated rates of the target; model, context and capabilities are filled in from the file.</summary>
    /// <value>Null: a target called <c>device</c> that costs nothing.</value>
    public TargetDescriptor? Descriptor { get; init; }

    /// <summary>Tokens for each request, prompt and answer together; at least 16.</summary>
    /// <value>Null: what the model was trained with, 4096 at most.</value>
    public int? ContextLength { get; init; }

    /// <summary>Requests that are decoded at once, each with a context of its own; 1 to 64.</summary>
    /// <value>4</value>
    public int Slots { get; init; } = 4;

    /// <summary>Threads that decode; 1 to 512.</summary>
    /// <value>Null: every processor of the process.</value>
    public int? Threads { get; init; }

    /// <summary>Prompt tokens of one prefill step; 1 to 4096. Running streams get a turn between two steps.</summary>
    /// <value>512</value>
    public int BatchSize { get; init; } = 512;

    /// <summary>How hard decode threads spin while they wait for work, 0 to 100.</summary>
    /// <value>50; take 0 where two engines share the same few cores.</value>
    public int Poll { get; init; } = 50;

    /// <summary>Layers to put on a GPU, where the libraries have one; negative: all.</summary>
    /// <value>-1</value>
    public int GpuLayers { get; init; } = -1;

    /// <summary>Requests that may wait for a slot; one more is refused with <see cref="HybridError.Busy"/>.</summary>
    /// <value>64</value>
    public int QueueCapacity { get; init; } = 64;

    /// <summary>The folder of llama.cpp's libraries.</summary>
    /// <value>Null: HYBRID_LLAMA_PATH, else beside the app.</value>
    public string? NativePath { get; init; }

    internal void Validate()
    {
        Check(nameof(ContextLength), ContextLength ?? 16, 16, int.MaxValue / 64);
        Check(nameof(Slots), Slots, 1, 64);
        Check(nameof(Threads), Threads ?? 1, 1, 512);
        Check(nameof(BatchSize), BatchSize, 1, 4096);
        Check(nameof(Poll), Poll, 0, 100);
        Check(nameof(QueueCapacity), QueueCapacity, 0, 1_000_000);
    }

    private static void Check(string option, int value, int lowest, int highest)
    {
        if (value < lowest || value > highest)
            throw new HybridException(HybridError.Configuration, $"{nameof(LlamaEngineOptions)}.{option} is {value}; use {lowest} to {highest}. Nothing was loaded.");
    }
}
