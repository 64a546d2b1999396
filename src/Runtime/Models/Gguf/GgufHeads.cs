namespace Hybrid.Models.Gguf;

/// <summary>What llama.cpp v0.5.0 asserts of attention heads, by architecture; a breach of it ends the process at the first step.</summary>
internal static class GgufHeads
{
    private static readonly HashSet<string> RotatedWhole =
    [
        "apertus", "arcee", "arctic", "baichuan", "chameleon", "codeshell", "cogvlm", "cohere2moe", "dbrx", "deci", "deepseek", "dots1", "ernie4_5-moe", "ernie4_5", "exaone-moe",
        "exaone", "exaone4", "falcon", "granite_swa", "graniteswitch", "granite", "granitemoe", "grok", "grovemoe", "hunyuan-moe", "hunyuan_vl", "hy_v3", "internlm2", "jais2", "llama",
        "llama4", "maincoder", "mellum", "mistral3", "olmo", "olmo2", "olmoe", "orion", "paddleocr", "pangu-embedded", "plamo", "pockettts", "qwen2", "qwen2moe", "qwen2vl", "qwen3",
        "qwen3moe", "qwen3vl", "qwen3vlmoe", "seed_oss", "smallthinker", "smollm3", "starcoder2", "talkie", "xverse",
    ];

    private static readonly HashSet<string> SameForKeysAndValues = RotatedWhole.Except(["exaone4", "exaone-moe", "talkie"]).Concat(
    [
        "afmoe", "bailingmoe2", "bitnet", "bloom", "chatglm", "cohere2", "command-r", "glm4moe", "glm4", "gpt2", "gptneox", "granitehybrid", "jais", "laguna", "minimax-01",
        "minimax-m2", "minimax-m3", "mpt", "muse-glimmer", "nanbeige", "nemotron_h_moe", "nemotron_h", "nemotron", "openelm", "phi2", "phi3", "qwen", "qwen35", "qwen35moe", "qwen3next",
        "qwen4exp", "refact", "spark2_5", "stablelm", "starcoder",
    ]).ToHashSet();

    public static void Check(GgufValues values, GgufReader reader, string architecture)
    {
        var heads = values.Number($"{architecture}.attention.head_count") ?? 0;
        var common = heads > 0 ? values.Number($"{architecture}.embedding_length") / heads : null;
        var key = values.Number($"{architecture}.attention.key_length") ?? common;
        var value = values.Number($"{architecture}.attention.value_length") ?? common;
        if (heads == 0 || key is null || value is null)
            return; // No heads, or others in each layer.
        if (key != value && SameForKeysAndValues.Contains(architecture))
            throw reader.Error($"its heads have keys of {key} and values of {value}, which architecture '{architecture}' does not have");
        if (values.Number($"{architecture}.rope.dimension_count") is { } rotated && rotated != value && RotatedWhole.Contains(architecture))
            throw reader.Error($"it rotates {rotated} of {value} dimensions of a head, which architecture '{architecture}' does not do");
    }
}
