using System.Globalization;
using Hybrid;
using Hybrid.Accounting;
using Hybrid.Policy;
using Microsoft.Extensions.AI;

namespace ConsoleChat;

/// <summary>Shows an answer while it streams: a colour for each target, then the decision and what it took.</summary>
internal sealed class AnswerPrinter
{
    private static readonly ConsoleColor[] Colours = [ConsoleColor.Green, ConsoleColor.Cyan, ConsoleColor.Yellow, ConsoleColor.Magenta];
    private readonly List<string> _targets = [];
    private readonly bool _coloured = !Console.IsOutputRedirected;

    /// <summary>Streams the answer and returns its text and its decision.</summary>
    public async Task<(string Text, Decision? Decision)> PrintAsync(IAsyncEnumerable<ChatResponseUpdate> updates)
    {
        var text = "";
        Decision? decision = null;
        RequestReceipt? receipt = null;
        try
        {
            await foreach (var update in updates)
            {
                decision ??= update.AdditionalProperties?.GetValueOrDefault(HybridUpdateKeys.Decision) as Decision;
                receipt ??= update.AdditionalProperties?.GetValueOrDefault(HybridUpdateKeys.Receipt) as RequestReceipt;
                if (update.AdditionalProperties?.GetValueOrDefault(HybridUpdateKeys.Target) is string target)
                    Write(target, update.Text);
                text += update.Text;
            }
        }
        finally
        {
            Console.ResetColor();
            Console.WriteLine();
        }

        if (decision is not null)
            Console.WriteLine($"\n{decision.Policy} policy{(decision.Bridge is null ? " chose" : ":")} {decision.ExplainLine()}");
        foreach (var handover in receipt?.Handovers ?? [])
            Console.WriteLine($"  {handover}");
        if (receipt is not null)
            Table(receipt);
        return (text, decision);
    }

    private void Write(string target, string text)
    {
        if (_coloured)
            Console.ForegroundColor = Colour(target);
        Console.Write(text);
    }

    private ConsoleColor Colour(string target)
    {
        if (!_targets.Contains(target))
            _targets.Add(target);
        return Colours[_targets.IndexOf(target) % Colours.Length];
    }

    private void Table(RequestReceipt receipt)
    {
        Console.WriteLine($"\n{"target",-10} {"tokens",7} {"TTFT ms",9} {"tokens/s",9} {"cost $",12} {"g CO2e",12}");
        foreach (var segment in receipt.Segments)
        {
            if (_coloured)
                Console.ForegroundColor = Colour(segment.Target);
            var first = segment.TimeToFirstToken is { } time ? time.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture) : "-";
            var error = segment.Error is { } failed ? $"  failed: {failed}" : "";
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{segment.Target,-10} {segment.OutputTokens,7} {first,9} {segment.TokensPerSecond,9:0.0} {segment.Dollars,12:0.0000000} {segment.Grams,12:0.000000}{error}"));
            Console.ResetColor();
        }
    }
}
