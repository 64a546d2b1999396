using System.Text.Json;

namespace Hybrid.EndToEnd;

/// <summary>Questions that training never saw, with their right answers: <c>tools/starter-models/heldout.jsonl</c>.</summary>
public static class HeldOut
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public static IEnumerable<string> Prompts() => Items().Select(item => item.Prompt);

    public static IEnumerable<Item> Items() => File
        .ReadLines(Path.Combine(Repository.Root, "tools", "starter-models", "heldout.jsonl"))
        .Select(line => JsonSerializer.Deserialize<Item>(line, Json)!);

    public sealed record Item(string Task, string Prompt, string Answer);
}
