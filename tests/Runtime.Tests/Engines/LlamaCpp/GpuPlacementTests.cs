using Hybrid.Engines.LlamaCpp;
using Hybrid.Engines.LlamaCpp.Gpu;

namespace Hybrid.Tests.Engines.LlamaCpp;

/// <summary>How many layers go where; no GPU is needed to decide it.</summary>
public sealed class GpuPlacementTests
{
    private static readonly LlamaEngineOptions Options = new() { ModelPath = Starter.Edge };
    private static readonly long Needed = MemoryEstimate.Of(Options);

    [Fact]
    public void Without_a_gpu_it_runs_on_the_processor_and_says_whose_wish_that_is_not()
    {
        Assert.Equal((0, "on the processor"), In(GpuPlacement.Of(Options, [])));
        var (layers, words) = In(GpuPlacement.Of(Options with { GpuLayers = 20 }, []));
        Assert.Equal(0, layers);
        Assert.Contains("20 layers", words, StringComparison.Ordinal);
    }

    [Fact]
    public void All_layers_go_where_they_fit_one_gpu_or_two_together()
    {
        var whole = GpuPlacement.Of(Options, [Gpu("CUDA0", Needed + (2L << 30))]);
        Assert.Equal((whole.All, true), (whole.Layers, whole.All > 1));
        Assert.Contains("CUDA0", whole.Words, StringComparison.Ordinal);
        var half = (Needed / 2) + (600L << 20);
        Assert.Equal(whole.All, GpuPlacement.Of(Options, [Gpu("CUDA0", half), Gpu("CUDA1", half)]).Layers);
    }

    [Fact]
    public void As_many_go_as_fit_and_none_into_a_gpu_that_is_full()
    {
        var part = GpuPlacement.Of(Options, [Gpu("CUDA0", (Needed / 2) + (512L << 20))]);
        Assert.InRange(part.Layers, 1, part.All - 1);
        Assert.Contains("free", part.Words, StringComparison.Ordinal);
        Assert.Equal(0, GpuPlacement.Of(Options, [Gpu("CUDA0", 100L << 20)]).Layers);
    }

    [Fact]
    public void What_is_configured_counts_and_what_a_gpu_refuses_is_told()
    {
        Assert.Equal(1, GpuPlacement.Of(Options with { GpuLayers = 1 }, [Gpu("CUDA0", 100L << 20)]).Layers);
        var asked = GpuPlacement.Of(Options with { GpuLayers = 999 }, [Gpu("CUDA0", 0)]);
        Assert.Equal(asked.All, asked.Layers);
        var refused = asked.Refused("out of memory.");
        Assert.Equal(0, refused.Layers);
        Assert.Contains("out of memory", refused.Words, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_for_gpus_that_cannot_be_loaded_is_named_with_the_cause()
    {
        LlamaSystem.Inspect();
        var folder = Directory.CreateTempSubdirectory("hybrid-gpu").FullName;
        try
        {
            Assert.Null(GpuDevices.Problem(folder));
            File.WriteAllText(Path.Combine(folder, "libggml-cuda.so"), "no library");
            Assert.Contains("libggml-cuda.so is here, but it cannot be loaded", GpuDevices.Problem(folder), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static (int Layers, string Words) In(GpuPlacement placement) => (placement.Layers, placement.Words);

    private static LlamaDevice Gpu(string name, long free) => new(name, "a GPU", free, free);
}
