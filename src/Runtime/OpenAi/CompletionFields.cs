using System.Text.Json;
using Hybrid.Targets;

namespace Hybrid.OpenAi;

/// <summary>The prompt of a text completion and the fields only it has.</summary>
internal static class CompletionFields
{
    public static Prompt Read(RequestFields fields)
    {
        var prompt = ReadPrompt(fields.Take("prompt"));
        fields.Only("best_of", value => OpenAiQuestion.IsNumber(value, 1));
        fields.Only("echo", value => value.ValueKind == JsonValueKind.False);
        fields.Only("suffix", value => value.ValueKind == JsonValueKind.String && value.GetString()!.Length == 0);
        return prompt;
    }

    private static Prompt ReadPrompt(JsonElement? prompt)
    {
        if (prompt is { ValueKind: JsonValueKind.String } text)
            return new TextPrompt(text.GetString()!);
        if (prompt is not { ValueKind: JsonValueKind.Array } array || array.GetArrayLength() == 0)
            throw Misshapen();
        if (array[0].ValueKind == JsonValueKind.Number)
            return ReadTokens(array);
        if (array.GetArrayLength() > 1)
            throw OpenAiException.Unsupported("prompt", "'prompt' holds several prompts; this server takes one per request.");
        return array[0] switch
        {
            { ValueKind: JsonValueKind.String } only => new TextPrompt(only.GetString()!),
            { ValueKind: JsonValueKind.Array } only when only.GetArrayLength() > 0 => ReadTokens(only),
            _ => throw Misshapen(),
        };
    }

    private static OpenAiException Misshapen() =>
        OpenAiException.Invalid("prompt", "'prompt' must be a string, an array of one string, or an array of token ids.");

    private static TokensPrompt ReadTokens(JsonElement array)
    {
        var tokens = new int[array.GetArrayLength()];
        for (var i = 0; i < tokens.Length; i++)
        {
            if (array[i].ValueKind != JsonValueKind.Number || !array[i].TryGetInt32(out tokens[i]) || tokens[i] < 0)
                throw OpenAiException.Invalid("prompt", $"'prompt' has something other than a token id at index {i}.");
        }

        return new TokensPrompt(tokens);
    }
}
