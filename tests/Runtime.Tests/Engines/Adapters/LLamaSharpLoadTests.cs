using Hybrid.Adapters.LLamaSharp;

namespace Hybrid.Tests.Engines.Adapters;

/// <summary>What is said before LLamaSharp's libraries are asked for anything.</summary>
public sealed class LLamaSharpLoadTests
{
    [Fact]
    public async Task A_model_of_another_kind_names_the_engine_that_takes_it()
    {
        var folder = Directory.CreateTempSubdirectory("hybrid-llamasharp-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "genai_config.json"), "{}");
            var wrong = await Assert.ThrowsAsync<HybridException>(() => LLamaSharpEngine.LoadAsync(folder));
            Assert.Equal(HybridError.ModelFile, wrong.Error);
            Assert.Contains("the adapter OnnxRuntimeGenAI takes it", wrong.Message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task An_option_out_of_range_is_named()
    {
        foreach (var options in (LLamaSharpOptions[])[new() { Slots = 0 }, new() { ContextLength = 8 }, new() { Threads = 0 }, new() { GpuLayers = -1 }, new() { QueueCapacity = -1 }])
            Assert.Equal(HybridError.Configuration, (await Assert.ThrowsAsync<HybridException>(() => LLamaSharpEngine.LoadAsync("no.gguf", options))).Error);
    }
}
