namespace Hybrid.Models.Gguf;

/// <summary>Rules on the vocabulary as llama.cpp reads it.</summary>
internal static class GgufVocabulary
{
    private const string Prefix = "tokenizer.ggml.";

    // What llama.cpp makes text with; 'rwkv' is for models of that name alone.
    private static readonly HashSet<string> Generating = ["llama", "gpt2", "gemma4", "plamo2", "hybriddna", "whitespace"];

    public static void Check(GgufValues values, GgufReader reader, string architecture)
    {
        foreach (var key in new[] { "tokens", "scores", "token_type", "merges" })
        {
            // Where it asks for the length of one, it ends the process if it is no list.
            if (values.Has(Prefix + key) && values.Length(Prefix + key) is null)
                throw reader.Error($"'{Prefix + key}' is not a list");
        }

        var model = values.Text(Prefix + "model");
        if (model is not null && GgufArchitectures.Generates(architecture) && !Generating.Contains(model) && !(model == "rwkv" && architecture.Contains("rwkv", StringComparison.Ordinal)))
            throw reader.Error($"'{Prefix}model' is '{Shown(model)}', with which architecture '{architecture}' makes no text");
        if (values.Texts(Prefix + "tokens") is not { } tokens)
        {
            if (values.Has(Prefix + "tokens"))
                throw reader.Error($"'{Prefix}tokens' is not a list of texts");
            return;
        }

        Unique(tokens, reader);
        if (model is "llama" or "plamo2")
            Bytes(tokens, reader);
        if (model == "rwkv" && !tokens.Contains("\\n", StringComparer.Ordinal))
            throw reader.Error("its vocabulary has no token for the end of a line");
        foreach (var key in new[] { "scores", "token_type" })
        {
            if (values.Length(Prefix + key) is { } length && length != tokens.Count)
                throw reader.Error($"'{Prefix + key}' has {length} items and the vocabulary {tokens.Count}");
        }

        Ends(values, reader, tokens.Count, model, "bos_token_id", "add_bos_token", adds: model is "llama" or "bert" or "plamo2");
        Ends(values, reader, tokens.Count, model, "eos_token_id", "add_eos_token", adds: model is "t5");
    }

    /// <summary>Native code ends the process where a byte of a text has no token.</summary>
    private static void Bytes(IReadOnlyList<string> tokens, GgufReader reader)
    {
        var all = tokens.ToHashSet(StringComparer.Ordinal);
        for (var value = 0; value < 256; value++)
        {
            if (!all.Contains($"<0x{value:X2}>") && (value is 0 or > 127 || !all.Contains(((char)value).ToString())))
                throw reader.Error($"its vocabulary has no token for the byte {value:X2}");
        }
    }

    private static string Shown(string text) => string.Concat(text.Take(40).Where(c => c is >= ' ' and <= '~'));

    private static void Unique(IReadOnlyList<string> tokens, GgufReader reader)
    {
        var seen = new HashSet<string>(tokens.Count, StringComparer.Ordinal);
        for (var i = 0; i < tokens.Count; i++)
        {
            // Native code reads a token up to its first zero, and gives an empty one this name.
            var end = tokens[i].IndexOf('\0', StringComparison.Ordinal);
            var token = end < 0 ? tokens[i] : tokens[i][..end];
            if (!seen.Add(token.Length == 0 ? $"[EMPTY_{i}]" : token))
                throw reader.Error($"token '{token}' is in the vocabulary twice");
        }
    }

    /// <summary>A token that each text begins or ends with has to be one; native code asserts that where a text is tokenised.</summary>
    private static void Ends(GgufValues values, GgufReader reader, int tokens, string? model, string id, string flag, bool adds)
    {
        if (!(values.Flag(Prefix + flag) ?? adds))
            return;
        var start = id == "bos_token_id";
        var common = model switch
        {
            "llama" or "plamo2" => start ? 1 : 2,
            "bert" => start ? 101 : -1,
            "t5" => start ? -1 : 1,
            "rwkv" => -1,
            _ => 11,
        };
        var given = values.Number(Prefix + id);
        if ((given is >= 0 && given < tokens) || (common >= 0 && common < tokens))
            return;
        throw reader.Error($"texts get the token '{Prefix + id}' and there is none{(given is null ? "" : $": it is {given} and the vocabulary has {tokens}")}");
    }
}
