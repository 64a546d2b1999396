using Hybrid.Engines.ChatTemplates;

namespace Hybrid.CloudConnector.OpenAi;

/// <summary>Checks options, and reads the files and variables that they name.</summary>
internal static class OptionRules
{
    private const int LongestTemplate = 1 << 20;

    /// <exception cref="HybridException">An option cannot be used (<see cref="HybridError.Configuration"/>).</exception>
    public static void Check(OpenAiTargetOptions options)
    {
        if (!options.Endpoint.IsAbsoluteUri || options.Endpoint.Scheme is not ("http" or "https") || options.Endpoint.UserInfo.Length > 0)
            throw Error(options, nameof(options.Endpoint), "it is not an address that can be used; write http://HOST:PORT or https://HOST, without a name or key in it");
        foreach (var (name, time) in new[]
        {
            (nameof(options.ConnectTimeout), options.ConnectTimeout), (nameof(options.IdleTimeout), options.IdleTimeout),
            (nameof(options.FirstUpdateTimeout), options.FirstUpdateTimeout), (nameof(options.RetryAfter), options.RetryAfter),
        })
        {
            if (time <= TimeSpan.Zero || time > TimeSpan.FromDays(1))
                throw Error(options, name, $"{time} is out of range; use more than zero and at most a day");
        }

        CheckHeader(options, nameof(options.ApiKeyHeader), options.ApiKeyHeader);
        foreach (var (name, value) in options.Headers)
        {
            CheckHeader(options, nameof(options.Headers), name);
            if (!IsPlain(value))
                throw Error(options, $"{nameof(options.Headers)}:{name}", "its value is empty or has characters that a header cannot carry");
        }

        if (options.Continuation == ContinuationMode.Completions && options.ChatTemplatePath is null)
            throw Error(options, nameof(options.ChatTemplatePath), $"it is missing; {nameof(options.Continuation)} completions renders the chat here");
    }

    /// <summary>The key that is known at start; null where there is none, or a callback gives it.</summary>
    public static string? Key(OpenAiTargetOptions options)
    {
        var key = options.ApiKey;
        if (key is null && options.ApiKeyVariable is { } variable)
        {
            key = Environment.GetEnvironmentVariable(variable);
            if (string.IsNullOrEmpty(key) && options.ApiKeySource is null)
                throw Error(options, nameof(options.ApiKeyVariable), $"the environment has no variable '{variable}'; set it to the key");
        }

        return key is null || IsPlain(key) ? key : throw Error(options, nameof(options.ApiKey), "the key is empty or has characters that a header cannot carry");
    }

    public static ChatTemplate? Template(OpenAiTargetOptions options)
    {
        if (options.ChatTemplatePath is not { } path)
            return null;
        try
        {
            if (new FileInfo(path).Length > LongestTemplate)
                throw Error(options, nameof(options.ChatTemplatePath), $"'{path}' is larger than a template can be");
            return ChatTemplate.Parse(File.ReadAllText(path));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or HybridException { Error: not HybridError.Configuration })
        {
            throw Error(options, nameof(options.ChatTemplatePath), $"'{path}' is not a chat template that can be used ({exception.Message.TrimEnd('.')})", exception);
        }
    }

    /// <summary>Whether a header can carry it and it says something.</summary>
    public static bool IsPlain(string value) => value.Length > 0 && value.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0;

    private static void CheckHeader(OpenAiTargetOptions options, string key, string name)
    {
        if (name.Length == 0 || !name.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_'))
            throw Error(options, key, $"'{name}' is not the name of a header");
    }

    private static HybridException Error(OpenAiTargetOptions options, string key, string reason, Exception? inner = null) =>
        new(HybridError.Configuration, $"Pool '{options.Descriptor.Name}', {key}: {reason}. Nothing was sent.", inner);
}
