using Hybrid.Targets;

namespace Hybrid.CloudConnector.OpenAi;

/// <summary>Where a pool that speaks OpenAI's HTTP is, what it understands, and how long to wait for it.</summary>
public sealed record OpenAiTargetOptions
{
    /// <summary>The base address, with or without <c>/v1</c>; a query goes with every call.</summary>
    public required Uri Endpoint { get; init; }

    /// <summary>Name, model, zone, prices, stated rates and capabilities; whether it can go on is said by <see cref="Continuation"/>.</summary>
    public required TargetDescriptor Descriptor { get; init; }

    /// <summary>Which of the pool's models answers.</summary>
    /// <value>Null: the descriptor's.</value>
    public string? ModelId { get; init; }

    /// <summary>The key; never logged.</summary>
    /// <value>Null: none is sent, unless one of the two below says otherwise.</value>
    public string? ApiKey { get; init; }

    /// <summary>The environment variable that holds the key.</summary>
    public string? ApiKeyVariable { get; init; }

    /// <summary>Asked for the key before each call, so that a token may be renewed; goes before the other two.</summary>
    public Func<CancellationToken, ValueTask<string?>>? ApiKeySource { get; init; }

    /// <summary>The header that carries the key: <c>Authorization</c> as a bearer key, any other, such as Azure's <c>api-key</c>, as it is.</summary>
    /// <value><c>Authorization</c></value>
    public string ApiKeyHeader { get; init; } = "Authorization";

    /// <summary>More headers of every call; values are never logged.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>How it goes on from an answer that was begun elsewhere.</summary>
    /// <value><see cref="ContinuationMode.Auto"/></value>
    public ContinuationMode Continuation { get; init; }

    /// <summary>What wakes it.</summary>
    /// <value><see cref="WakeMode.Auto"/></value>
    public WakeMode Wake { get; init; }

    /// <summary>Which sampling settings it takes.</summary>
    /// <value><see cref="SamplingFields.Standard"/></value>
    public SamplingFields Sampling { get; init; }

    /// <summary>Whether the limit of tokens is called <c>max_completion_tokens</c>, as OpenAI's newer models want it.</summary>
    /// <value>false: <c>max_tokens</c></value>
    public bool MaxCompletionTokens { get; init; }

    /// <summary>Whether the pool is told the privacy class (<c>X-Hybrid-Privacy</c>), as <c>hybrid-worker</c> understands it.</summary>
    public bool PrivacyHeader { get; init; }

    /// <summary>A file with the model's chat template (Jinja), for <see cref="ContinuationMode.Completions"/>.</summary>
    public string? ChatTemplatePath { get; init; }

    /// <summary>A PEM file with the only authority that the pool's certificate is checked against.</summary>
    /// <value>Null: the authorities of the machine.</value>
    public string? CertificateAuthorityPath { get; init; }

    /// <summary>Longest wait for a connection; above zero.</summary>
    /// <value>5 seconds</value>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest time without news once the answer began; above zero. Comments and empty events are no news.</summary>
    /// <value>30 seconds</value>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest wait for the first token, a cold start included; above zero.</summary>
    /// <value>3 minutes</value>
    public TimeSpan FirstUpdateTimeout { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>How long a failed pool is not tried, where it does not say itself; above zero.</summary>
    /// <value>10 seconds</value>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The name and endpoint; no key and no header.</summary>
    public override string ToString() => $"{Descriptor?.Name} (openai, {Endpoint?.GetLeftPart(UriPartial.Path)})";
}
