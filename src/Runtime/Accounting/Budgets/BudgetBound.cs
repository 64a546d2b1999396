using System.Text;
using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Accounting.Budgets;

/// <summary>The most that one attempt can cost.</summary>
/// <remarks>
/// A token stands for at least a byte, so a prompt has no more tokens than bytes of UTF-8, its template's marks apart, nor than ids
/// where it is given as such; and never more than the context. Of the answer it is the limit that is sent along. Where time costs too it is the time to the deadline,
/// else twice what all those tokens take at the 99th percentile of the target's rates: a bound that a stalled target can break.
/// </remarks>
internal static class BudgetBound
{
    private const int TokensPerTemplate = 256; // what templates say before the first message
    private const int TokensPerMessage = 16;
    private const int TokensForTools = 512; // how templates tell a model to call them
    private const int TokensPerTool = 64;
    private const int Escaped = 2; // templates write tools and their calls as JSON, with escapes and indents
    private const double Quantile = 0.99;
    private const double Generous = 2;

    /// <summary>No tokenizer makes more of the request.</summary>
    public static int InputTokens(DecodeRequest request, int estimated, int contextLength)
    {
        var most = TokensPerTemplate + Math.Max(Bytes(request.Continuation), request.ContinuationTokens?.Tokens.Length ?? 0) + request.Prompt switch
        {
            TokensPrompt prompt => prompt.Tokens.Length,
            TextPrompt prompt => Bytes(prompt.Text),
            MessagesPrompt prompt => prompt.Messages.Sum(Tokens),
            _ => 0,
        };
        if (request.OffersTools)
            most += TokensForTools + request.Tools.Sum(tool => TokensPerTool + (Escaped * (Bytes(tool.Name) + Bytes(tool.Description) + Bytes(tool.Parameters.GetRawText()))));
        if (request.Format is { } format)
            most += TokensForTools + Bytes(format.ToString());
        return (int)Math.Min(Math.Max(most, estimated), contextLength);
    }

    public static TimeSpan Busy(in TargetSnapshot target, int input, int output, TimeSpan? timeLeft)
    {
        if (timeLeft is { } left) return left;
        var (_, _, rates) = target;
        var prefill = (rates.RoundTrip.TotalSeconds + (input / rates.PrefillTokensPerSecond)) * rates.FirstTokenSpread.At(Quantile);
        var decode = output / rates.DecodeTokensPerSecond * rates.PerTokenSpread.At(Quantile);
        return Prediction.Span(Generous * (prefill + decode + rates.ColdStart.TotalSeconds));
    }

    public static BudgetAmount Of(in TargetSnapshot target, int input, int output, TimeSpan busy)
    {
        var descriptor = target.Descriptor;
        var dollars = Math.Max(CostModel.Dollars(descriptor, input, 0, output, busy), CostModel.Dollars(descriptor, input, input, output, busy));
        if (target.State.Readiness != TargetReadiness.Warm) dollars += CostModel.WakingDollars(descriptor);
        dollars *= target.PriceFactor;
        var most = BudgetAmount.Up(dollars, CostModel.Grams(CostModel.Joules(descriptor, output, busy), target.GramsPerKilowattHour));
        // Sums are rounded, so a receipt may be a billionth above.
        return most + new BudgetAmount(most.Dollars > 0 ? 1 : 0, most.Grams > 0 ? 1 : 0);
    }

    private static long Tokens(PromptMessage message) => TokensPerMessage + Bytes(message.Role) + ((message.Role == "tool" ? Escaped : 1) * Bytes(message.Text))
        + Bytes(message.ToolCallId) + Bytes(message.ToolName) + message.ToolCalls.Sum(call => TokensPerTool + (Escaped * Bytes(call.ToString())));

    private static long Bytes(string text) => Encoding.UTF8.GetByteCount(text);
}
