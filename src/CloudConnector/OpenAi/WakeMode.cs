namespace Hybrid.CloudConnector.OpenAi;

/// <summary>What wakes a pool.</summary>
public enum WakeMode
{
    /// <summary><c>/wake_up</c> where the pool says that it sleeps as vLLM does, else a request of one token.</summary>
    Auto,

    /// <summary>Nothing; it is only asked how it is.</summary>
    None,

    /// <summary>vLLM's <c>POST /wake_up</c>.</summary>
    Vllm,

    /// <summary>llama-server: <c>POST /models/load</c> where it is a router, else <c>POST /completion</c> with <c>n_predict</c> 0.</summary>
    LlamaServer,

    /// <summary>A request of one token, which is what reaches the container of a pool that was scaled to zero.</summary>
    Request,
}
