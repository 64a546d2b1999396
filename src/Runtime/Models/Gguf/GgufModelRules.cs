namespace Hybrid.Models.Gguf;

/// <summary>Rules on the metadata, above all those whose breach makes native code end the process.</summary>
internal static class GgufModelRules
{
    private const int MostLayers = 512; // LLAMA_MAX_LAYERS
    private const int MostExperts = 1024; // LLAMA_MAX_EXPERTS
    private const int MostHeads = 1 << 16;

    public static void Check(GgufValues values, GgufReader reader)
    {
        var architecture = values.Text("general.architecture") ?? throw reader.Error("it names no 'general.architecture'");
        if (!GgufArchitectures.Contains(architecture))
        {
            throw new HybridException(HybridError.ModelFile,
                reader.Error($"architecture '{architecture}' is not one that llama.cpp v0.5.0 knows").Message.Split(" The file is damaged")[0] + " Use another model, or an SDK with a newer llama.cpp.");
        }

        var layers = InRange(values, reader, $"{architecture}.block_count", 1, MostLayers);
        InRange(values, reader, $"{architecture}.context_length", 1, 1L << 31);
        InRange(values, reader, $"{architecture}.embedding_length", 1, 1 << 20);
        AtMost(values, reader, $"{architecture}.nextn_predict_layers", layers);
        Heads(values, reader, architecture);
        Experts(values, reader, architecture);
        if (GgufArchitectures.NeedsSections(architecture) && (values.Sum($"{architecture}.rope.dimension_sections", 1) ?? 0) <= 0)
            throw reader.Error($"'{architecture}.rope.dimension_sections' is missing or empty");
        if (values.Text($"{architecture}.rope.scaling.type") is { } scaling && scaling is not ("none" or "linear" or "yarn" or "longrope"))
            throw reader.Error($"'{architecture}.rope.scaling.type' is '{scaling}', not one of none, linear, yarn and longrope");
        foreach (var (key, fraction) in values.Fractions)
        {
            if (!double.IsFinite(fraction) || (key.EndsWith("epsilon", StringComparison.Ordinal) && fraction is < 0 or > 1))
                throw reader.Error($"'{key}' is {fraction}");
        }

        GgufVocabulary.Check(values, reader, architecture);
    }

    private static void Heads(GgufValues values, GgufReader reader, string architecture)
    {
        var heads = AtMost(values, reader, $"{architecture}.attention.head_count", MostHeads) ?? 0;
        if (heads == 0 && GgufArchitectures.Generates(architecture) && !GgufArchitectures.HasNoHeads(architecture))
            throw reader.Error($"'{architecture}.attention.head_count' is missing or 0");
        AtMost(values, reader, $"{architecture}.attention.head_count_kv", MostHeads);
        AtMost(values, reader, $"{architecture}.attention.key_length", MostHeads);
        AtMost(values, reader, $"{architecture}.attention.value_length", MostHeads);
        AtMost(values, reader, $"{architecture}.rope.dimension_count", MostHeads);
        GgufHeads.Check(values, reader, architecture);
    }

    private static void Experts(GgufValues values, GgufReader reader, string architecture)
    {
        var experts = AtMost(values, reader, $"{architecture}.expert_count", MostExperts) ?? 0;
        var used = AtMost(values, reader, $"{architecture}.expert_used_count", experts) ?? 0;
        var groups = AtMost(values, reader, $"{architecture}.expert_group_count", Math.Max(0, experts - 1)) ?? 0;
        var usedGroups = values.Number($"{architecture}.expert_group_used_count") ?? 0;
        if (experts == 0 && GgufArchitectures.NeedsExperts(architecture))
            throw reader.Error($"'{architecture}.expert_count' is missing or 0");
        if (experts > 0 && used == 0)
            throw reader.Error($"'{architecture}.expert_count' is {experts} and none is used");
        if (groups > 1 && (experts % groups != 0 || usedGroups < 1 || usedGroups >= groups))
            throw reader.Error($"its {experts} experts cannot be in {groups} groups of which {usedGroups} are used");
    }

    private static long InRange(GgufValues values, GgufReader reader, string key, long lowest, long highest)
    {
        if (values.Number(key) is not { } value)
            throw reader.Error($"'{key}' is missing");
        return value >= lowest && value <= highest ? value : throw reader.Error($"'{key}' is {value}, outside {lowest} to {highest}");
    }

    /// <summary>A number, or the largest of a list with one for each layer; null where there is none.</summary>
    private static long? AtMost(GgufValues values, GgufReader reader, string key, long highest)
    {
        var value = values.Largest(key);
        return value is null || (value >= 0 && value <= highest) ? value : throw reader.Error($"'{key}' is {value}, outside 0 to {highest}");
    }
}
