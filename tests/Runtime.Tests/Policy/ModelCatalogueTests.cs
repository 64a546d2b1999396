using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Tests.Policy;

public class ModelCatalogueTests
{
    private static readonly TargetDescriptor[] Targets =
    [
        Target("device", "hybrid-edge-q8_0"), Target("cloud", "meta-llama/Llama-3.1-8B-Instruct"), Target("spare", "meta-llama/Llama-3.1-8B-Instruct"), Target("other", "qwen-2.5-7b"),
    ];

    [Theory]
    [InlineData("llama-3.1-8b-instruct-awq", "the nearest is meta-llama/Llama-3.1-8B-Instruct (cloud, spare); there are also ")]
    [InlineData("Qwen/Qwen-2.5-72B", "the nearest is qwen-2.5-7b (other); there are also ")]
    [InlineData("hybrid-edge-q4_0", "the nearest is hybrid-edge-q8_0 (device); there are also ")]
    public void It_names_the_nearest_first(string asked, string begins) => Assert.StartsWith(begins, ModelCatalogue.Carried(asked, Targets), StringComparison.Ordinal);

    [Fact]
    public void Of_one_model_it_names_that() => Assert.Equal("there is qwen-2.5-7b (other)", ModelCatalogue.Carried("gpt", Targets[3..]));

    private static TargetDescriptor Target(string name, string model) => new() { Name = name, Model = model, Zone = Zone.Site };
}
