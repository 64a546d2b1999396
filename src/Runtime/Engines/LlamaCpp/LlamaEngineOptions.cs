using Hybrid.Engines.LlamaCpp.Speculation;
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

    /// <summary>Requests that run at once; 1 to 64. More wait.</summary>
    /// <value>8</value>
    public int Slots { get; init; } = 8;

    /// <summary>Tokens that the KV cache holds for all requests together, and for prefixes that later ones reuse; at least <see cref="ContextLength"/>.</summary>
    /// <remarks>A request starts when its prompt and <see cref="DecodeRequest.MaxTokens"/> fit, and until then it waits.</remarks>
    /// <value>Null: a whole context for each slot, for four of them at most.</value>
    public int? KvTokens { get; init; }

    /// <summary>Most requests that share a decode step; 1 turns batching off. Where sharing is slower than taking turns, requests take turns.</summary>
    /// <value>Null: all that run.</value>
    public int? MaxBatch { get; init; }

    /// <summary>Whether a prompt that begins like an earlier one, answer included, is only prefilled from where it differs.</summary>
    /// <value>true; models with a recurrent state do without.</value>
    public bool PrefixCache { get; init; } = true;

    /// <summary>Whether tokens are drafted and verified several at a time, where that is measured to be faster.</summary>
    /// <value>true; models with a recurrent state do without.</value>
    public bool Speculation { get; init; } = true;

    /// <summary>A smaller GGUF file with the same vocabulary that drafts when one request runs alone.</summary>
    /// <value>Null: drafts come from the prompt and the answer alone.</value>
    public string? DraftModelPath { get; init; }

    /// <summary>Threads that decode; 1 to 512.</summary>
    /// <value>Null: every processor of the process.</value>
    public int? Threads { get; init; }

    /// <summary>Most prompt tokens of one prefill step; 1 to 4096. While streams run, a step takes fewer: <see cref="LongestPause"/>.</summary>
    /// <value>512</value>
    public int BatchSize { get; init; } = 512;

    /// <summary>Longest time between two tokens of a running stream that the prefill of other prompts aims at; 0 to 60 s.</summary>
    /// <remarks>
    /// A piece of a prompt takes what is left of it beside the stream's own step, and at least as long as that step. Shorter pauses
    /// make the newcomer wait longer: small pieces use the machine badly.
    /// </remarks>
    /// <value>150 ms, somewhat less than a token takes to read.</value>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromMilliseconds(150);

    /// <summary>How hard decode threads spin while they wait for work, 0 to 100.</summary>
    /// <value>50; take 0 where two engines share the same few cores.</value>
    public int Poll { get; init; } = 50;

    /// <summary>Layers to put on GPUs, the output layer counted as one; negative: as many as fit into what is free on them.</summary>
    /// <remarks>They are divided by what is free on each. A model that a GPU refuses runs on the processor, and the log says so.</remarks>
    /// <value>-1</value>
    public int GpuLayers { get; init; } = -1;

    /// <summary>Requests that may wait for a slot; one more is refused with <see cref="HybridError.Busy"/>.</summary>
    /// <value>64</value>
    public int QueueCapacity { get; init; } = 64;

    /// <summary>The folder of llama.cpp's libraries.</summary>
    /// <value>Null: HYBRID_LLAMA_PATH, else beside the app.</value>
    public string? NativePath { get; init; }

    /// <summary>Whether a large file that is not in the page cache is read beside its load; measurements turn it off.</summary>
    internal bool ReadAhead { get; init; } = true;

    internal int ThreadCount => Threads ?? Environment.ProcessorCount;

    internal int LargestBatch => Math.Min(MaxBatch ?? Slots, Slots);

    /// <summary>Most tokens of one step that give logits: one of each request, and drafts.</summary>
    internal int Outputs => Slots + DraftPlan.Most;

    internal void Validate()
    {
        Check(nameof(ContextLength), ContextLength ?? 16, 16, int.MaxValue / 64);
        Check(nameof(Slots), Slots, 1, 64);
        Check(nameof(Threads), Threads ?? 1, 1, 512);
        Check(nameof(BatchSize), BatchSize, 1, 4096);
        Check(nameof(KvTokens), KvTokens ?? 16, 16, int.MaxValue / 64);
        Check(nameof(MaxBatch), MaxBatch ?? 1, 1, 64);
        Check(nameof(Poll), Poll, 0, 100);
        if (LongestPause < TimeSpan.Zero || LongestPause > TimeSpan.FromMinutes(1))
            throw Wrong(nameof(LongestPause), LongestPause, "0 to 60 s");
        Check(nameof(QueueCapacity), QueueCapacity, 0, 1_000_000);
    }

    private static void Check(string option, int value, int lowest, int highest)
    {
        if (value < lowest || value > highest)
            throw Wrong(option, value, $"{lowest} to {highest}");
    }

    private static HybridException Wrong(string option, object value, string range) =>
        new(HybridError.Configuration, $"{nameof(LlamaEngineOptions)}.{option} is {value}; use {range}. Nothing was loaded.");
}
