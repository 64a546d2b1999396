using System.Security.Cryptography;
using System.Text.Json;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Targets;

namespace Hybrid.EndToEnd;

/// <summary>The shipped models are the files that the manifest names, and as good as it says.</summary>
public class StarterModelTests
{
    [Theory]
    [InlineData("edge", 2e6, 4e6)]
    [InlineData("cloud", 12e6, 20e6)]
    public async Task The_file_is_the_manifests(string name, double fewest, double most)
    {
        var entry = Entry(name);
        var path = Path.Combine(Repository.Root, "samples", "models", entry.GetProperty("file").GetString()!);
        await using var file = File.OpenRead(path);
        Assert.Equal(entry.GetProperty("bytes").GetInt64(), file.Length);
        Assert.Equal(entry.GetProperty("sha256").GetString(), Convert.ToHexStringLower(await SHA256.HashDataAsync(file)));
        Assert.InRange(entry.GetProperty("parameters").GetInt64(), fewest, most);
    }

    [Theory]
    [InlineData("edge", 0.6)]
    [InlineData("cloud", 0.9)]
    public async Task Held_out_questions_are_answered_as_the_card_says(string name, double aim)
    {
        var stated = Entry(name).GetProperty("accuracy").GetDouble();
        Assert.InRange(stated, aim, 1);
        await using var engine = await LlamaEngine.LoadAsync(new() { ModelPath = name == "edge" ? Repository.EdgeModel : Repository.CloudModel, Threads = 1 });
        var (right, all) = (0, 0);
        foreach (var item in HeldOut.Items())
        {
            var answer = "";
            await foreach (var update in engine.GenerateAsync(new() { Prompt = new MessagesPrompt([new("user", item.Prompt)]), Sampling = SamplingOptions.Greedy, MaxTokens = 200 }))
                answer += update.Text;
            right += answer == item.Answer ? 1 : 0;
            all++;
        }

        // The card's figure comes from more items; greedy decoding makes this a fixed number for a given file.
        Assert.True((double)right / all > stated - 0.1, $"{right} of {all} are right, and the manifest states {stated}.");
    }

    private static JsonElement Entry(string name)
    {
        using var manifest = JsonDocument.Parse(File.ReadAllText(Path.Combine(Repository.Root, "samples", "models", "manifest.json")));
        return manifest.RootElement.GetProperty("models").EnumerateArray().Single(entry => entry.GetProperty("name").GetString() == name).Clone();
    }
}
