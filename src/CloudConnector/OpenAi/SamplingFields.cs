namespace Hybrid.CloudConnector.OpenAi;

/// <summary>Which sampling settings a pool takes, and by which names.</summary>
public enum SamplingFields
{
    /// <summary>OpenAI's own; top-k and min-p are left to the pool, and others than the SDK's defaults are refused.</summary>
    Standard,

    /// <summary>Also <c>top_k</c>, <c>min_p</c> and <c>repetition_penalty</c>: vLLM, SGLang, <c>hybrid-worker</c>.</summary>
    Vllm,

    /// <summary>Also <c>top_k</c>, <c>min_p</c>, <c>repeat_penalty</c> and <c>repeat_last_n</c>.</summary>
    LlamaServer,
}
