namespace Hybrid.CloudConnector.OpenAi;

/// <summary>How a pool is asked to go on from the last character of an answer that was begun elsewhere.</summary>
public enum ContinuationMode
{
    /// <summary>Found out by <see cref="OpenAiTarget.ProbeContinuationAsync"/>; until then the pool is not asked to.</summary>
    Auto,

    /// <summary>It cannot.</summary>
    None,

    /// <summary>The last message is the assistant's, with <c>continue_final_message</c> set: vLLM, SGLang, <c>hybrid-worker</c>, llama-server.</summary>
    Vllm,

    /// <summary>The last message is the assistant's and nothing else is said: older llama-server, some hosted APIs; only once the check has shown how.</summary>
    Prefill,

    /// <summary>Raw <c>/v1/completions</c> of the chat that is rendered here; needs <see cref="OpenAiTargetOptions.ChatTemplatePath"/>.</summary>
    Completions,
}
