using Hybrid.Models.Catalogue;

namespace Hybrid.Tests.Models.Catalogue;

public class MachineFitTests
{
    private const long Gigabyte = 1L << 30;
    private static readonly KnownModel Large = KnownModels.BuiltIn.Find("llama-3.1-8b")!;

    [Fact]
    public void Memory_is_weights_and_cache_and_an_allowance()
    {
        // 8.03e9 * 4.89 / 8, and for each of 4096 tokens 2 * 2 bytes * 32 layers * 8 heads * 128.
        Assert.Equal(4_908_337_500, ModelNeed.FileBytes(Large, "Q4_K_M"));
        Assert.Equal(131_072, Large.KvBytesPerToken);
        Assert.Equal(4_908_337_500 + (4096L * 131_072) + (256L << 20), ModelNeed.MemoryBytes(Large, "Q4_K_M", 4096));
        Assert.Null(ModelNeed.FileBytes(Large, "Q9_X"));
        Assert.Null(ModelNeed.MemoryBytes(KnownModels.BuiltIn.Find("glm-4.5")!, "Q8_0", 4096)); // its cache is not known
    }

    [Fact]
    public void What_fits_is_said_to_fit()
    {
        var fit = MachineFit.Judge(KnownModels.BuiltIn, Large, "Q4_K_M", 4096, new(16 * Gigabyte, 100 * Gigabyte));
        Assert.Equal((true, null), (fit.Fits, fit.Instead));
        Assert.StartsWith("it needs 5.", fit.Why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(6, 100, "hf:bartowski/Meta-Llama-3.1-8B-Instruct-GGUF:Q4_K_M")] // a smaller quantisation of the same
    [InlineData(3, 100, "hf:tiiuae/Falcon3-3B-Instruct-GGUF:Q5_K_M")] // the largest smaller model
    [InlineData(6, 3, "hf:bartowski/Meta-Llama-3.1-8B-Instruct-GGUF:Q2_K")] // the disk decides
    [InlineData(0.4, 100, null)]
    public void Where_it_does_not_fit_what_would_is_named(double memory, double disk, string? instead)
    {
        var room = new MachineRoom((long)(memory * Gigabyte), (long)(disk * Gigabyte));
        var fit = MachineFit.Judge(KnownModels.BuiltIn, Large, "Q8_0", 4096, room);
        Assert.False(fit.Fits);
        if (instead is null)
        {
            Assert.Null(fit.Instead);
            return;
        }

        // Whatever is named fits by the same formula.
        var (reference, quantisation) = (fit.Instead![..fit.Instead!.LastIndexOf(':')], fit.Instead![(fit.Instead!.LastIndexOf(':') + 1)..]);
        var named = KnownModels.BuiltIn.All.Single(model => model.Reference == reference);
        Assert.True(MachineFit.Judge(KnownModels.BuiltIn, named, quantisation, 4096, room).Fits);
        Assert.Equal(instead, fit.Instead);
    }

    [Fact]
    public void A_model_of_which_too_little_is_known_is_not_judged() =>
        Assert.Null(MachineFit.Judge(KnownModels.BuiltIn, KnownModels.BuiltIn.Find("mistral-small")!, "Q8_0", 4096, new(Gigabyte, Gigabyte)).Fits);
}
