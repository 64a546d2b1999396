using System.Text;
using System.Text.Json.Nodes;
using Hybrid.Models.Catalogue;
using Hybrid.Tests.Configuration;

namespace Hybrid.Tests.Models.Catalogue;

public sealed class KnownModelsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid-catalogue").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_32_models_of_the_paper_are_there_with_the_figures_that_it_states()
    {
        var examined = KnownModels.BuiltIn.All.Where(model => model.Examined).ToArray();
        Assert.Equal(32, examined.Length);
        // Accuracy per dollar as the paper prints it, which pins both figures.
        var perDollar = new Dictionary<string, double>(StringComparer.Ordinal)
        {
            ["llama-3.2-3b"] = 0.528,
            ["falcon3-7b"] = 0.433,
            ["gemma-3-1b"] = 0.431,
            ["llama-3.2-1b"] = 0.428,
            ["qwen3-4b"] = 0.422,
            ["falcon3-1b"] = 0.415,
            ["qwen3-0.6b"] = 0.407,
            ["llama-3.1-8b"] = 0.385,
            ["gemma-2-2b"] = 0.383,
            ["gemma-3-4b"] = 0.358,
            ["qwen3-32b"] = 0.112,
            ["kimi-k2"] = 0.0054,
        };
        foreach (var (name, ratio) in perDollar)
        {
            var model = KnownModels.BuiltIn.Find(name)!;
            Assert.InRange(model.MeasuredAccuracy!.Value / model.DollarsPerHour!.Value, ratio * 0.98, ratio * 1.02);
        }

        Assert.Equal(perDollar.Keys.Order(StringComparer.Ordinal), KnownModels.BuiltIn.All.Where(model => model.MeasuredAccuracy is not null).Select(model => model.Name).Order(StringComparer.Ordinal));
        Assert.All(KnownModels.BuiltIn.All.Where(model => model.MeasuredAccuracy is not null), model => Assert.Contains("Ploskonka 2026", model.AccuracySource, StringComparison.Ordinal));
    }

    [Fact]
    public void What_was_not_measured_is_estimated_and_what_is_not_known_is_left_out()
    {
        var estimated = KnownModels.BuiltIn.Find("qwen3-8b")!;
        Assert.Null(estimated.MeasuredAccuracy);
        Assert.Equal(0.329 + (0.126 * Math.Log10(8.19)), estimated.Accuracy!.Value, 9);
        var unknown = KnownModels.BuiltIn.Find("mistral-small")!; // which of its versions, the paper does not say
        Assert.Equal((null, null), (unknown.ParametersBillions, unknown.Accuracy));
    }

    [Theory]
    [InlineData("Qwen/Qwen3-0.6B-GGUF", "qwen3-0.6b")]
    [InlineData("qwen3-0.6b:q8_0", "qwen3-0.6b")]
    [InlineData("qwen3-0.6b-q8_0.gguf", "qwen3-0.6b")]
    [InlineData("meta-llama/Llama-3.1-8B-Instruct", "llama-3.1-8b")]
    [InlineData("Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf", "llama-3.1-8b")]
    [InlineData("tiiuae/Falcon3-7B-Instruct-AWQ", "falcon3-7b")]
    [InlineData("gemma-3-4b-it", "gemma-3-4b")]
    [InlineData("moonshotai/Kimi-K2-Instruct", "kimi-k2")]
    [InlineData("openai/gpt-oss-120b", "gpt-oss-120b")]
    [InlineData("hybrid-edge-q8_0", null)]
    [InlineData("qwen3-0.6", null)]
    [InlineData("", null)]
    public void A_model_is_found_by_the_names_that_it_goes_by(string name, string? known) => Assert.Equal(known, KnownModels.BuiltIn.Find(name)?.Name);

    [Fact]
    public void The_file_that_comes_with_the_runtime_keeps_the_schema()
    {
        var schema = (JsonObject)JsonNode.Parse(File.ReadAllText(Path.Combine(SettingsSchema.Root, "docs", "catalogue.schema.json")))!;
        var file = JsonNode.Parse(File.ReadAllText(Path.Combine(SettingsSchema.Root, "src", "Runtime", "Models", "Catalogue", "models.json")));
        Assert.Empty(SettingsSchema.Errors(file, schema));
        var quantisations = schema["properties"]!["models"]!["items"]!["properties"]!["quantisations"]!["items"]!["enum"]!.AsArray().Select(one => one!.GetValue<string>());
        Assert.Equal(Quantisation.Names, quantisations);
    }

    [Fact]
    public void An_own_file_adds_models_and_stands_in_for_those_of_the_same_name()
    {
        var known = KnownModels.Load(Write("""{ "$schema": "x", "models": [ { "name": "house-7b", "parametersBillions": 7, "measuredAccuracy": 0.9 }, { "name": "qwen3-0.6b", "title": "ours", "aliases": ["tiny"] } ] }"""));
        Assert.Equal(0.9, known.Find("acme/house-7b-q4_k_m")!.Accuracy);
        Assert.Equal("ours", known.Find("tiny")!.Title);
        Assert.Single(known.All, model => model.Name == "qwen3-0.6b");
        Assert.Equal(KnownModels.BuiltIn.All.Count + 1, known.All.Count);
    }

    [Theory]
    [InlineData("""{ "models": [ { "name": "a" }, { "title": "b" } ] }""", "models:1:name: it is missing")]
    [InlineData("""{ "models": [ { "name": "Qwen/A-7B-GGUF" } ] }""", "models:0:name: 'Qwen/A-7B-GGUF' has more than a plain name has; write 'a-7b'")]
    [InlineData("""{ "models": [ { "name": "a", "contextLength": 0.5 } ] }""", "models:0:contextLength: a whole number above 0 is expected, not 0.5")]
    [InlineData("""{ "models": [ { "name": "a", "measuredAccuracy": 1.5 } ] }""", "models:0:measuredAccuracy: 1.5 is out of range")]
    [InlineData("""{ "models": [ { "name": "a", "parametersBillions": "7" } ] }""", "models:0:parametersBillions: a number is expected, not the text '7'")]
    [InlineData("""{ "models": [ { "name": "a", "parametersBillions": 1e999 } ] }""", "models:0:parametersBillions: ")]
    [InlineData("""{ "models": [ { "name": "a", "quantisations": ["Q8_0", "Q9"] } ] }""", "models:0:quantisations:1: 'Q9' is not known; use BF16")]
    [InlineData("""{ "models": [ { "name": "a", "quantisations": [7] } ] }""", "models:0:quantisations:0: a text is expected, not 7")]
    [InlineData("""{ "models": [ { "name": "a", "layer": 7 } ] }""", "models:0:layer: there is no such key; there are ")]
    [InlineData("""{ "models": [ { "name": "a", "reference": "somewhere" } ] }""", "models:0:reference: 'somewhere' does not say from where")]
    [InlineData("""{ "models": [ { "name": "a", "aliases": ["b"] }, { "name": "b" } ] }""", "models:1: the name 'b' is also that of models:0")]
    [InlineData("""{ "models": [ 7 ] }""", "models:0: an object is expected, not 7")]
    [InlineData("""{ "models": {} }""", "models: a list is expected, not an object")]
    [InlineData("""{ "model": [] }""", "models: it is missing")]
    [InlineData("[]", "the file: an object is expected, not a list")]
    [InlineData("{\n \"models\": [", "line 2: it is not JSON")]
    public void What_is_wrong_is_told_with_its_path_and_nothing_is_taken(string json, string message)
    {
        var error = Assert.Throws<HybridException>(() => KnownModels.Load(Write(json)));
        Assert.Equal(HybridError.Configuration, error.Error);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_told() =>
        Assert.Contains("it cannot be read", Assert.Throws<HybridException>(() => KnownModels.Load(Path.Combine(_folder, "none.json"))).Message, StringComparison.Ordinal);

    [Fact]
    public void Every_error_of_a_file_is_told_at_once()
    {
        List<string> errors = [];
        CatalogueFile.Read(Encoding.UTF8.GetBytes("""{ "models": [ { "name": "a", "layers": -1, "kvHeads": 0 }, { "examined": "yes" } ] }"""), errors);
        Assert.Equal(4, errors.Count);
    }

    private string Write(string json)
    {
        var path = Path.Combine(_folder, "catalogue.json");
        File.WriteAllText(path, json);
        return path;
    }
}
