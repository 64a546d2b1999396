using System.Text;

namespace Hybrid.Targets;

/// <summary>Token counts where no tokenizer is at hand.</summary>
internal static class TokenEstimate
{
    private const int BytesPerToken = 4;
    private const int TokensPerMessage = 5; // a chat template's marks around one turn

    public static int OfText(string text) => OfBytes(Encoding.UTF8.GetByteCount(text));

    public static int OfBytes(int bytes) => (int)(((long)bytes + BytesPerToken - 1) / BytesPerToken);

    public static int OfMessages(IReadOnlyList<PromptMessage> messages)
    {
        long tokens = 0;
        foreach (var message in messages) tokens += OfText(message.Text) + TokensPerMessage;
        return (int)Math.Min(tokens, int.MaxValue);
    }
}
