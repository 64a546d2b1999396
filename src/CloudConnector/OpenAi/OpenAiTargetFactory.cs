using System.Globalization;
using Hybrid.Configuration;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.OpenAi;

/// <summary>Makes the pools of type <c>openai</c>.</summary>
internal sealed class OpenAiTargetFactory(TimeProvider time) : ITargetFactory
{
    private const string HeaderPrefix = "Headers:";

    private static readonly Dictionary<string, Func<OpenAiTargetOptions, string, OpenAiTargetOptions?>> Settings = new(StringComparer.OrdinalIgnoreCase)
    {
        ["ModelId"] = (options, text) => options with { ModelId = text },
        ["ApiKeyVariable"] = (options, text) => options with { ApiKeyVariable = text },
        ["ApiKeyHeader"] = (options, text) => options with { ApiKeyHeader = text },
        ["ChatTemplatePath"] = (options, text) => options with { ChatTemplatePath = Path.GetFullPath(text, AppContext.BaseDirectory) },
        ["CertificateAuthorityPath"] = (options, text) => options with { CertificateAuthorityPath = text },
        ["Continuation"] = (options, text) => Named<ContinuationMode>(text) is { } mode ? options with { Continuation = mode } : null,
        ["Wake"] = (options, text) => Named<WakeMode>(text) is { } mode ? options with { Wake = mode } : null,
        ["Sampling"] = (options, text) => Named<SamplingFields>(text) is { } fields ? options with { Sampling = fields } : null,
        ["MaxCompletionTokens"] = (options, text) => bool.TryParse(text, out var flag) ? options with { MaxCompletionTokens = flag } : null,
        ["PrivacyHeader"] = (options, text) => bool.TryParse(text, out var flag) ? options with { PrivacyHeader = flag } : null,
        ["TextCompletions"] = (options, text) => Able(options, text, TargetCapabilities.Text | TargetCapabilities.Tokens),
        ["LogProbabilities"] = (options, text) => Able(options, text, TargetCapabilities.LogProbabilities),
        ["ConnectTimeout"] = (options, text) => Time(text) is { } wait ? options with { ConnectTimeout = wait } : null,
        ["IdleTimeout"] = (options, text) => Time(text) is { } wait ? options with { IdleTimeout = wait } : null,
        ["FirstUpdateTimeout"] = (options, text) => Time(text) is { } wait ? options with { FirstUpdateTimeout = wait } : null,
        ["RetryAfter"] = (options, text) => Time(text) is { } wait ? options with { RetryAfter = wait } : null,
    };

    public string Type => "openai";

    public ITarget Create(PoolOptions options)
    {
        var read = new OpenAiTargetOptions { Endpoint = options.Endpoint!, Descriptor = options.Descriptor, ApiKey = options.ApiKey };
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (key, text) in options.Settings)
        {
            if (key.StartsWith(HeaderPrefix, StringComparison.OrdinalIgnoreCase))
                headers[key[HeaderPrefix.Length..]] = text;
            else if (!Settings.TryGetValue(key, out var set))
                throw Error(options, key, $"there is no such setting; use {string.Join(", ", Settings.Keys)} or {HeaderPrefix}NAME");
            else
                read = set(read, text) ?? throw Error(options, key, $"'{text}' cannot be used; write {Expected(key)}");
        }

        return new OpenAiTarget(read with { Headers = headers }, time);
    }

    private static OpenAiTargetOptions? Able(OpenAiTargetOptions options, string text, TargetCapabilities able) => bool.TryParse(text, out var flag)
        ? options with { Descriptor = options.Descriptor with { Capabilities = flag ? options.Descriptor.Capabilities | able : options.Descriptor.Capabilities & ~able } }
        : null;

    private static string Expected(string key) => key.ToUpperInvariant() switch
    {
        "CONTINUATION" => Names<ContinuationMode>(),
        "WAKE" => Names<WakeMode>(),
        "SAMPLING" => Names<SamplingFields>(),
        var other => other.EndsWith("TIMEOUT", StringComparison.Ordinal) || other == "RETRYAFTER" ? "a time such as 00:00:30" : "true or false",
    };

    private static string Names<T>()
        where T : struct, Enum => string.Join(", ", Enum.GetNames<T>().Select(Written));

    /// <summary>A member by its name as configuration writes it: <c>llama-server</c>.</summary>
    private static T? Named<T>(string text)
        where T : struct, Enum
    {
        foreach (var value in Enum.GetValues<T>())
        {
            if (Written(value.ToString()).Equals(text, StringComparison.OrdinalIgnoreCase))
                return value;
        }

        return null;
    }

    private static string Written(string name) => name == nameof(WakeMode.LlamaServer) ? "llama-server" : name.ToLowerInvariant();

    private static TimeSpan? Time(string text) => TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time) ? time : null;

    private static HybridException Error(PoolOptions options, string key, string reason) =>
        new(HybridError.Configuration, $"Hybrid:Pools:{options.Descriptor.Name}:Settings:{key}: {reason}. Nothing was sent.");
}
