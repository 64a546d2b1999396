using System.Text.Json;
using Hybrid.Targets;
using Microsoft.ML.OnnxRuntimeGenAI;

namespace Hybrid.Adapters.OnnxRuntimeGenAI;

/// <summary>Turns a prompt into tokens with the model's own template and tokenizer.</summary>
/// <remarks>The tokenizer reads control tokens wherever they stand: what a user types that looks like one is one to it.</remarks>
internal sealed class Prompts(Tokenizer tokenizer)
{
    // A tokenizer of the runtime's is not said to be safe for several threads.
    private readonly Lock _lock = new();
    private readonly int _start = tokenizer.GetBosTokenId();

    public int[] Tokens(Prompt prompt, string continuation) => prompt switch
    {
        MessagesPrompt chat => Encode(Render(chat.Messages) + continuation),
        TextPrompt text => Encode(text.Text + continuation),
        TokensPrompt tokens when continuation.Length == 0 => NotEmpty(tokens.Tokens.ToArray()),
        TokensPrompt => throw Invalid("ONNX Runtime GenAI cannot go on with text behind token ids; give both as text"),
        _ => throw Invalid($"A prompt of type {prompt.GetType().Name} is not known"),
    };

    /// <summary>The chat as the runtime's template takes it.</summary>
    internal static string Json(IReadOnlyList<PromptMessage> messages)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartArray();
            foreach (var message in messages)
            {
                json.WriteStartObject();
                json.WriteString("role", message.Role);
                json.WriteString("content", message.Text);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        return System.Text.Encoding.UTF8.GetString(stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }

    private static int[] NotEmpty(int[] tokens) => tokens.Length > 0 ? tokens : throw Invalid("The prompt is empty");

    private static HybridException Invalid(string message, Exception? inner = null) => new(HybridError.InvalidRequest, message + ". Nothing was decoded.", inner);

    private string Render(IReadOnlyList<PromptMessage> messages)
    {
        if (messages.Count == 0)
            throw Invalid("The chat has no message");
        if (messages.Any(message => message.ToolCalls.Count > 0 || message.Role == "tool"))
            throw Invalid("The ONNX Runtime GenAI adapter knows no tools, and the chat has calls or results of some");
        try
        {
            lock (_lock) return tokenizer.ApplyChatTemplate("", Json(messages), "", add_generation_prompt: true);
        }
        catch (OnnxRuntimeGenAIException failure)
        {
            throw Invalid($"The model's chat template cannot be used ({failure.Message.TrimEnd('.')}); use a text prompt that is rendered by you", failure);
        }
    }

    private int[] Encode(string text)
    {
        lock (_lock)
        {
            using var sequences = tokenizer.Encode(text);
            var tokens = sequences[0].ToArray();

            // The template writes the start, and the tokenizer may write it once more.
            return NotEmpty(tokens is [var first, var second, ..] && first == _start && second == _start ? tokens[1..] : tokens);
        }
    }
}
