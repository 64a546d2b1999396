using Hybrid.Engines.LlamaCpp;
using Hybrid.Targets;

namespace Hybrid.Benchmarks.Engine.Tables;

/// <summary>A chat of twenty turns: what is prefilled, and how soon the last turn begins to be answered.</summary>
internal static class ChatTurns
{
    private const int Turns = 20;
    private const int SystemTokens = 1000;
    private const int TurnTokens = 40;

    public static async Task<bool> RunAsync(EngineOptions options)
    {
        var table = new MarkdownTable(
            options,
            $"A chat of {Turns} turns, each sent whole: tokens prefilled beside tokens that are new (the system prompt once, then what each turn adds to the prompt and the answer before it), and TTFT; " +
            $"median of {options.Pairs} chats, {options.Threads} threads. The 150M model is sent token ids with a system prompt of {SystemTokens} tokens; the starter models, whose context is 1,024, are sent messages with a short one.",
            "model", "prefix cache", "prompt tokens, turn 1 and 20", "prefilled", "new", "prefilled ÷ new", "TTFT of turn 2, ms", "of turn 20, ms", "turn 20 ÷ turn 2");
        foreach (var model in options.Models("edge", "cloud", "q8", "q4"))
        {
            foreach (var cache in new[] { true, false })
            {
                await using var engine = await Ours.LoadAsync(model, options, new EngineFeatures { PrefixCache = cache }, 2, Math.Min(4096, model.ContextLength));
                var chats = new List<List<Turn>>();
                for (var i = 0; i < options.Pairs; i++)
                    chats.Add(model.Random ? await OfTokensAsync(engine, model, options.Seed + (i * 1000)) : await OfMessagesAsync(engine, i));
                var prefilled = chats.Average(chat => chat.Sum(turn => turn.Prompt - turn.Cached));
                var added = chats.Average(chat => chat.Select((turn, i) => i == 0 ? turn.Prompt : turn.Prompt - chat[i - 1].Prompt - chat[i - 1].Output).Sum());
                var (second, last) = (Statistics.Median(chats.Select(chat => chat[1].Ttft)), Statistics.Median(chats.Select(chat => chat[^1].Ttft)));
                table.Row(
                    model.Title, cache ? "on" : "off", $"{chats[0][0].Prompt}, {chats[0][^1].Prompt}", $"{prefilled:0}", $"{added:0}", $"{prefilled / added:0.00}",
                    $"{second:0.0}", $"{last:0.0}", $"{last / second:0.00}");
            }
        }

        return true;
    }

    private static async Task<List<Turn>> OfTokensAsync(LlamaEngine engine, BenchModel model, int seed)
    {
        var turns = new List<Turn>();
        List<int> history = [.. model.Prompt(SystemTokens, seed)];
        for (var i = 0; i < Turns; i++)
        {
            history.AddRange(model.Prompt(TurnTokens, seed + i + 1));
            var answer = await Ours.RunAsync(engine, [.. history], TurnTokens);
            turns.Add(Turn.Of(answer));
            history.AddRange(answer.Tokens);
        }

        return turns;
    }

    private static async Task<List<Turn>> OfMessagesAsync(LlamaEngine engine, int chat)
    {
        var turns = new List<Turn>();
        // The number makes each chat's system prompt a new one.
        List<PromptMessage> messages = [new("system", $"You help operator {chat} of the plant. Be short and exact. Answer about devices, readings, limits and units, and about nothing else.")];
        for (var i = 0; i < Turns; i++)
        {
            messages.Add(new("user", $"Convert {i + 2} bar to kPa."));
            var text = "";
            var answer = await Ours.RunAsync(engine, new MessagesPrompt([.. messages]), 16, onText: piece => text += piece);
            turns.Add(Turn.Of(answer));
            messages.Add(new("assistant", text));
        }

        return turns;
    }

    private sealed record Turn(int Prompt, int Cached, int Output, double Ttft)
    {
        public static Turn Of(OurStream answer) =>
            new(answer.Completion.PromptTokens, answer.Completion.CachedTokens, answer.Completion.OutputTokens, answer.Ttft.TotalMilliseconds);
    }
}
