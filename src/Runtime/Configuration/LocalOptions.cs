using Hybrid.Targets;

namespace Hybrid.Configuration;

/// <summary>The engine on this device: section <c>Hybrid:Local</c>.</summary>
public sealed record LocalOptions
{
    /// <summary>The model file (GGUF), or <c>store:NAME:TAG</c> for a model of the store; from configuration, a relative path starts at the app's folder.</summary>
    public required string ModelPath { get; init; }

    /// <summary>Name, prices, power and rates; the zone is always the device. Keys stand beside <c>ModelPath</c>.</summary>
    /// <remarks>Where no <c>Model</c> is configured, it is the file's name without extension; the name is <c>device</c>.</remarks>
    public required TargetDescriptor Descriptor { get; init; }

    /// <summary>Time after the last request until the model is unloaded; zero: at once.</summary>
    /// <value>Null: it stays until another model needs its room.</value>
    public TimeSpan? KeepAlive { get; init; }

    /// <summary>Tokens of each request, prompt and answer together; above 0.</summary>
    /// <value>Null: what the model was trained with.</value>
    public int? ContextLength { get; init; }

    /// <summary>Threads that decode; above 0.</summary>
    /// <value>Null: the engine decides.</value>
    public int? Threads { get; init; }

    /// <summary>Requests decoded at once; above 0.</summary>
    /// <value>Null: the engine decides.</value>
    public int? Slots { get; init; }

    /// <summary>Tokens that the KV cache holds for all requests together; at least the context length.</summary>
    /// <value>Null: the engine decides.</value>
    public int? KvTokens { get; init; }

    /// <summary>Most requests that share a decode step; above 0, 1 turns batching off.</summary>
    /// <value>Null: the engine decides.</value>
    public int? MaxBatch { get; init; }

    /// <summary>Longest time between two tokens of a running stream that the prefill of other prompts aims at; 0 to 60 s.</summary>
    /// <value>Null: the engine decides.</value>
    public TimeSpan? LongestPause { get; init; }

    /// <summary>Whether prompts that begin alike are prefilled once.</summary>
    /// <value>Null: the engine decides.</value>
    public bool? PrefixCache { get; init; }

    /// <summary>Whether tokens are drafted and verified several at a time, where that is faster.</summary>
    /// <value>Null: the engine decides.</value>
    public bool? Speculation { get; init; }

    /// <summary>A smaller model file with the same vocabulary that drafts; a relative path starts at the app's folder.</summary>
    /// <value>Null: none.</value>
    public string? DraftModelPath { get; init; }

    /// <summary>How eagerly waiting threads poll, 0 to 100.</summary>
    /// <value>Null: the engine decides.</value>
    public int? Poll { get; init; }

    /// <summary>Layers decoded on the GPU; 0 or more.</summary>
    /// <value>Null: the engine decides.</value>
    public int? GpuLayers { get; init; }

    /// <summary>The folder of llama.cpp's libraries: key <c>Hybrid:Native:LlamaPath</c>.</summary>
    /// <value>Null: those beside the app.</value>
    public string? LlamaPath { get; init; }
}
