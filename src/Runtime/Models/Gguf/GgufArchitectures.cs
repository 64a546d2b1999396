namespace Hybrid.Models.Gguf;

/// <summary>The architectures that llama.cpp v0.5.0 knows; another is refused by name instead of by a native error.</summary>
internal static class GgufArchitectures
{
    private static readonly HashSet<string> Names =
    [
        "llama", "llama4", "deci", "falcon", "grok", "gpt2", "gptj", "gptneox", "mpt", "baichuan", "starcoder", "refact", "bert",
        "modern-bert", "nomic-bert", "nomic-bert-moe", "neo-bert", "jina-bert-v2", "jina-bert-v3", "eurobert", "bloom",
        "stablelm", "qwen", "qwen2", "qwen2moe", "qwen2vl", "qwen3", "qwen3moe", "qwen3next", "qwen3vl", "qwen3vlmoe", "qwen35",
        "qwen35moe", "qwen4exp", "phi2", "phi3", "phimoe", "plamo", "plamo2", "plamo3", "codeshell", "orion", "internlm2",
        "minicpm", "minicpm3", "gemma", "gemma2", "gemma3", "gemma3n", "gemma4", "gemma4-assistant", "gemma-embedding",
        "starcoder2", "mamba", "mamba2", "maple", "jamba", "falcon-h1", "xverse", "command-r", "cohere2", "cohere2moe", "dbrx",
        "olmo", "olmo2", "olmoe", "muse-glimmer", "openelm", "arctic", "deepseek", "deepseek2", "deepseek2-ocr", "deepseek32",
        "deepseek4", "chatglm", "glm4", "glm4moe", "glm-dsa", "bitnet", "t5", "t5encoder", "jais", "jais2", "nemotron",
        "nemotron_h", "nemotron_h_moe", "exaone", "exaone4", "exaone-moe", "rwkv6", "rwkv6qwen2", "rwkv7", "arwkv7", "granite",
        "granitemoe", "granitehybrid", "graniteswitch", "granite_swa", "chameleon", "wavtokenizer-dec", "plm", "bailingmoe",
        "bailingmoe2", "bailingmoe3", "dots1", "dots3note", "arcee", "afmoe", "laguna", "ernie4_5", "ernie4_5-moe",
        "hunyuan-moe", "hunyuan-dense", "hunyuan_vl", "hy_v3", "hy_v4", "smollm3", "gpt-oss", "lfm2", "lfm2moe", "dream",
        "smallthinker", "llada", "llada-moe", "seed_oss", "grovemoe", "apertus", "minimax-01", "hrm_text", "minimax-m2",
        "minimax-m3", "cogvlm", "rnd1", "pangu-embedded", "mistral3", "eagle3", "dflash", "mistral4", "paddleocr", "mimo2",
        "step35", "spark2_5", "llama-embed", "maincoder", "kimi-linear", "kimi-k3", "talkie", "mellum", "nanbeige", "qwen3tts",
        "pockettts",
    ];

    // llama.cpp gives these no KV cache, or expects another model beside them: they do not generate text token by token.
    private static readonly HashSet<string> NotGenerative =
    [
        "bert", "modern-bert", "nomic-bert", "nomic-bert-moe", "neo-bert", "jina-bert-v2", "jina-bert-v3", "eurobert",
        "gemma-embedding", "llama-embed", "t5", "t5encoder", "wavtokenizer-dec", "dream", "llada", "llada-moe", "rnd1", "eagle3", "dflash",
    ];

    private static readonly HashSet<string> OfExperts =
    [
        "bailingmoe2", "glm4moe", "grovemoe", "qwen2moe", "qwen3moe", "qwen3vlmoe", "qwen35moe", "rnd1", "smallthinker",
    ];

    private static readonly HashSet<string> OfSections =
    [
        "qwen2vl", "paddleocr", "qwen3vl", "qwen3vlmoe", "qwen35", "qwen35moe", "qwen4exp", "qwen3tts",
    ];

    private static readonly HashSet<string> WithoutHeads = ["mamba", "mamba2", "rwkv6", "rwkv6qwen2", "rwkv7", "arwkv7"];

    /// <summary>Whether it does without attention.</summary>
    public static bool HasNoHeads(string name) => WithoutHeads.Contains(name);

    /// <summary>Whether it makes text token by token.</summary>
    public static bool Generates(string name) => !NotGenerative.Contains(name);

    /// <summary>Whether native code counts on experts.</summary>
    public static bool NeedsExperts(string name) => OfExperts.Contains(name);

    /// <summary>Whether native code counts on positions of several dimensions.</summary>
    public static bool NeedsSections(string name) => OfSections.Contains(name);

    public static IReadOnlyCollection<string> All => Names;

    public static bool Contains(string name) => Names.Contains(name);
}
