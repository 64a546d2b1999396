using Hybrid.Adapters.OnnxRuntimeGenAI;
using Hybrid.Targets;

namespace Hybrid.Tests.Engines.Adapters;

/// <summary>What is said before the runtime's libraries are asked for anything.</summary>
public sealed class OnnxModelFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid-onnx-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_model_of_another_kind_names_the_engine_that_takes_it()
    {
        var gguf = await Assert.ThrowsAsync<HybridException>(() => OnnxGenAIEngine.LoadAsync(Path.Combine(_folder, "model.gguf")));
        Assert.Equal(HybridError.ModelFile, gguf.Error);
        Assert.Contains("the llama.cpp engine in the box takes it", gguf.Message, StringComparison.Ordinal);
        var empty = await Assert.ThrowsAsync<HybridException>(() => OnnxGenAIEngine.LoadAsync(_folder));
        Assert.Contains("has no genai_config.json", empty.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"model":{"context_length":"many"}}""")]
    [InlineData("""{"model":{}}""")]
    [InlineData("[]")]
    [InlineData("{")]
    public void A_configuration_that_cannot_be_read_is_the_models_fault(string json)
    {
        File.WriteAllText(Path.Combine(_folder, "genai_config.json"), json);
        var wrong = Assert.Throws<HybridException>(() => ModelFolder.Open(_folder));
        Assert.Equal(HybridError.ModelFile, wrong.Error);
        Assert.Contains("cannot be read", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_context_than_the_model_has_is_refused()
    {
        File.WriteAllText(Path.Combine(_folder, "genai_config.json"), """{"model":{"context_length":2048}}""");
        Assert.Equal(2048, ModelFolder.Open(_folder).ContextLength);
        var wrong = await Assert.ThrowsAsync<HybridException>(() => OnnxGenAIEngine.LoadAsync(_folder, new() { ContextLength = 4096 }));
        Assert.Equal(HybridError.Configuration, wrong.Error);
    }

    [Fact]
    public void What_the_runtime_cannot_do_is_refused_by_name()
    {
        SearchOptions.Check(SamplingOptions.Default);
        SearchOptions.Check(SamplingOptions.Greedy);
        foreach (var (sampling, name) in ((SamplingOptions, string)[])
            [(new() { MinP = 0.2f }, "MinP"), (new() { FrequencyPenalty = 1 }, "FrequencyPenalty"), (new() { PresencePenalty = 1 }, "PresencePenalty"), (new() { Seed = -1 }, "seed")])
        {
            var refusal = Assert.Throws<HybridException>(() => SearchOptions.Check(sampling));
            Assert.Equal(HybridError.InvalidRequest, refusal.Error);
            Assert.Contains(name, refusal.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_chat_is_told_in_JSON_whatever_it_says() =>
        Assert.Equal("""[{"role":"user","content":"\u0022}],\n\u00FC"}]""", Prompts.Json([new("user", "\"}],\nü")]));
}
