namespace Hybrid.Models;

/// <summary>Rules on the metadata, above all those whose breach makes native code end the process.</summary>
internal static class GgufModelRules
{
    public static void Check(GgufValues values, GgufReader reader)
    {
        var architecture = values.Text("general.architecture") ?? throw reader.Error("it names no 'general.architecture'");
        if (!GgufArchitectures.Contains(architecture))
        {
            throw new HybridException(HybridError.ModelFile,
                reader.Error($"architecture '{architecture}' is not one that llama.cpp v0.5.0 knows").Message.Split(" The file is damaged")[0] + " Use another model, or an SDK with a newer llama.cpp.");
        }

        if (values.Number("split.count") is > 1)
            throw reader.Error($"it is shard {values.Number("split.no") + 1} of {values.Number("split.count")} and not a whole model; join the shards first");
        InRange(values, reader, $"{architecture}.block_count", 1, 1024);
        InRange(values, reader, $"{architecture}.context_length", 1, 1L << 31);
        InRange(values, reader, $"{architecture}.embedding_length", 1, 1 << 20);
        Vocabulary(values, reader);
    }

    private static void InRange(GgufValues values, GgufReader reader, string key, long lowest, long highest)
    {
        if (values.Number(key) is not { } value)
            throw reader.Error($"'{key}' is missing");
        if (value < lowest || value > highest)
            throw reader.Error($"'{key}' is {value}, outside {lowest} to {highest}");
    }

    private static void Vocabulary(GgufValues values, GgufReader reader)
    {
        if (values.Texts("tokenizer.ggml.tokens") is not { } tokens)
            return;
        var seen = new HashSet<string>(tokens.Count, StringComparer.Ordinal);
        foreach (var token in tokens)
        {
            if (!seen.Add(token))
                throw reader.Error($"token '{token}' is in the vocabulary twice");
        }

        foreach (var key in new[] { "tokenizer.ggml.scores", "tokenizer.ggml.token_type" })
        {
            if (values.Length(key) is { } length && length != tokens.Count)
                throw reader.Error($"'{key}' has {length} items and the vocabulary {tokens.Count}");
        }
    }
}
