namespace ConsoleChat;

/// <summary>What was typed after the program's name.</summary>
/// <param name="Prompt">Null: chat until <c>/quit</c>.</param>
/// <param name="Policy">A policy's name instead of the configured one.</param>
internal sealed record ChatArguments(string? Prompt, string? Policy)
{
    public const string Usage = "Usage: dotnet run --project samples/ConsoleChat -- [--policy NAME] [PROMPT]";

    public static ChatArguments? Parse(string[] args)
    {
        string? policy = null;
        var words = new List<string>();
        for (var i = 0; i < args.Length; i++)
        {
            if (args[i] == "--policy" && i + 1 < args.Length)
                policy = args[++i];
            else if (args[i].StartsWith("--", StringComparison.Ordinal))
                return null;
            else
                words.Add(args[i]);
        }

        return new(words.Count == 0 ? null : string.Join(' ', words), policy);
    }
}
