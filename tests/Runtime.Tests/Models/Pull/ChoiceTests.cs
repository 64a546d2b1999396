using Hybrid.Models.Pull;
using Hybrid.Models.Pull.Choice;

namespace Hybrid.Tests.Models.Pull;

public class ChoiceTests
{
    [Theory]
    [InlineData("Qwen3-0.6B-Q8_0.gguf", "Q8_0")]
    [InlineData("phi-2.Q4_K_M.gguf", "Q4_K_M")]
    [InlineData("model-q4_k_m.gguf", "Q4_K_M")]
    [InlineData("ggml-model_IQ2_XXS.gguf", "IQ2_XXS")]
    [InlineData("Q4_K_M/Big-Q4_K_M-00001-of-00002.gguf", "Q4_K_M")]
    [InlineData("gemma-3-1b-it-qat-q4_0.gguf", "Q4_0")]
    [InlineData("Model-UD-Q4_K_XL.gguf", "UD-Q4_K_XL")]
    [InlineData("model-bf16.gguf", "BF16")]
    [InlineData("gpt-oss-20b-MXFP4.gguf", "MXFP4")]
    [InlineData("bitnet-TQ1_0.gguf", "TQ1_0")]
    [InlineData("Llama-Q4_0_4_4.gguf", "Q4_0_4_4")]
    [InlineData("m-Q4_K_M-imat.gguf", "Q4_K_M")]
    [InlineData("qwen3.gguf", null)]
    [InlineData("Q42-story.gguf", null)]
    public void A_label_is_what_names_end_with(string file, string? label) => Assert.Equal(label, QuantisationLabel.Of(file));

    [Fact]
    public void A_label_answers_to_its_short_form_unless_that_is_there_too()
    {
        Assert.Equal(["m-UD-Q4_K_XL.gguf"], Choose("hf:o/r:q4_k_xl", "m-UD-Q4_K_XL.gguf", "m-Q8_0.gguf"));
        Assert.Equal(["m-Q4_K_XL.gguf"], Choose("hf:o/r:q4_k_xl", "m-UD-Q4_K_XL.gguf", "m-Q4_K_XL.gguf"));
    }

    [Fact]
    public void Two_models_of_one_quantisation_have_to_be_told_apart()
    {
        var error = Assert.Throws<HybridException>(() => Choose("hf:o/r:Q8_0", "a-Q8_0.gguf", "b-Q8_0.gguf"));
        Assert.Contains("a-Q8_0.gguf, b-Q8_0.gguf", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_split_is_all_of_them_whichever_is_named()
    {
        string[] all = ["x-00001-of-00002.gguf", "x-00002-of-00002.gguf"];
        Assert.Equal(all, Choose("hf:o/r/x-00002-of-00002.gguf", all[1], all[0]));
        Assert.Equal(all, Choose("hf:o/r", all));
        Assert.Throws<HybridException>(() => Choose("hf:o/r", "x-00002-of-00002.gguf"));
    }

    [Fact]
    public void A_repository_without_models_says_so() =>
        Assert.Contains("it has no GGUF files", Assert.Throws<HybridException>(() => Choose("hf:o/r", "model.safetensors", "README.md")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("hf:Qwen/Qwen3-0.6B-GGUF:Q8_0", "Qwen3-0.6B-Q8_0.gguf", "qwen3-0.6b:q8_0")]
    [InlineData("hf:owner/tiny", "tiny.gguf", "tiny:latest")]
    [InlineData("hf:owner/many/second.gguf", "second.gguf", "many:second")]
    [InlineData("https://host/Phi 2.Q4_K_M.gguf", "Phi 2.Q4_K_M.gguf", "phi-2:q4_k_m")]
    [InlineData("file:/x/Big-Q4_0-00001-of-00002.gguf", "Big-Q4_0-00001-of-00002.gguf", "big:q4_0")]
    public void A_name_comes_from_the_repository_or_the_file(string reference, string file, string name) =>
        Assert.Equal(name, PulledName.Of(ModelReference.Parse(reference), file).ToString());

    private static IReadOnlyList<string> Choose(string reference, params string[] files) => FileChoice.Of(ModelReference.Parse(reference), files);
}
