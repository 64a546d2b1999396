using Hybrid.Models.Gguf;

namespace Hybrid.Engines.LlamaCpp.Gpu;

/// <summary>How many layers of a model go to the GPUs.</summary>
/// <param name="Layers">Layers on GPUs, the output layer counted as one; llama.cpp divides them by what is free on each.</param>
/// <param name="All">How many the model has.</param>
/// <param name="Words">Where it runs, and why there.</param>
internal sealed record GpuPlacement(int Layers, int All, string Words)
{
    // What a driver, its kernels and the buffers of a step take besides; one part in ten, and this at least for each GPU.
    private const long Margin = 512L << 20;

    /// <summary>Decides it: what is configured, else as many layers as fit into what is free.</summary>
    /// <param name="options">The model, and what is configured.</param>
    /// <param name="gpus">As they are now.</param>
    /// <exception cref="HybridException">A model file cannot be read.</exception>
    public static GpuPlacement Of(LlamaEngineOptions options, IReadOnlyList<LlamaDevice> gpus)
    {
        if (gpus.Count == 0)
            return new(0, 0, options.GpuLayers > 0 ? $"on the processor: {options.GpuLayers} layers are to be on a GPU, and there is none that the libraries can use" : "on the processor");
        var all = (int)(GgufFile.Open(options.ModelPath).Number("block_count") ?? 0) + 1;
        if (options.GpuLayers >= 0)
            return Say(Math.Min(options.GpuLayers, all), "as configured");
        // Weights, KV cache and buffers are spread over the layers about evenly; a model that drafts goes along whole or not at all.
        var needed = MemoryEstimate.Of(options);
        var free = gpus.Sum(gpu => Math.Max(0, Math.Min(gpu.FreeBytes - Margin, (long)(gpu.FreeBytes * 0.9))));
        return needed <= free
            ? Say(all, "all of it fits")
            : Say((int)(all * (free / (double)needed)), $"about {needed >> 20} MB are needed and {free >> 20} MB are free for it");

        GpuPlacement Say(int layers, string why) => new(layers, all, layers == 0
            ? $"on the processor: {why}"
            : $"{layers} of {all} layers on {string.Join(", ", gpus.Select(gpu => gpu.Name))}: {why}");
    }

    /// <summary>The same on the processor, since the GPUs would not take it.</summary>
    public GpuPlacement Refused(string why) => this with { Layers = 0, Words = $"on the processor: {Layers} of {All} layers were to be on a GPU, and that failed ({why.TrimEnd('.')})" };
}
