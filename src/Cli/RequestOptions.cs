using System.CommandLine;
using System.Text.Json;
using Hybrid.Models;
using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.Cli;

/// <summary>What was asked on the command line.</summary>
internal sealed record CliRequest(IReadOnlyList<ChatMessage> Messages, ChatOptions Options, bool Json);

/// <summary>The options that <c>run</c> and <c>route</c> share: what is asked, and under which policy.</summary>
internal sealed class RequestOptions
{
    private readonly Argument<string?> _prompt = new("prompt") { Description = "What to ask; '-' or nothing reads it from standard input.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> _config = new("--config") { Description = "A JSON file with a \"Hybrid\" section; default: hybrid.json in the working folder, if there is one." };
    private readonly Option<string?> _model = new("--model") { Description = "The GGUF file for this device, or store:NAME:TAG; default: the starter model." };
    private readonly Option<string?> _policy = new("--policy") { Description = "balanced, fast, frugal, green, private, offline, or one of the configuration's." };
    private readonly Option<string?> _target = new("--target") { Description = "Use this target and no other." };
    private readonly Option<PrivacyClass?> _privacy = new("--privacy") { Description = "Who may see the prompt: public, internal, confidential or secret." };
    private readonly Option<string?> _deadline = new("--deadline") { Description = "Fail when the answer is not complete by then, e.g. 800ms, 5s, 2m." };
    private readonly Option<string?> _maxFirst = new("--max-ttft") { Description = "Use no target whose first token is predicted to come later, e.g. 800ms, 2s." };
    private readonly Option<string?> _maxEach = new("--max-tpot") { Description = "Use no target that is predicted to take longer for each further token, e.g. 50ms." };
    private readonly Option<string?> _system = new("--system") { Description = "A system message before the prompt." };
    private readonly Option<int?> _maxTokens = new("--max-tokens") { Description = "Most tokens to answer with." };
    private readonly Option<float?> _temperature = new("--temperature") { Description = "0 is greedy." };
    private readonly Option<float?> _topP = new("--top-p") { Description = "Keep the likeliest tokens that reach this sum." };
    private readonly Option<int?> _topK = new("--top-k") { Description = "Keep the k likeliest tokens; 0 keeps all." };
    private readonly Option<long?> _seed = new("--seed") { Description = "Makes sampling repeatable." };
    private readonly Option<string[]> _stop = new("--stop") { Description = "End the answer before this string; may be given more than once." };
    private readonly Option<string?> _jsonSchema = new("--json-schema") { Description = "A file with a JSON schema that the answer keeps." };
    private readonly Option<string?> _grammar = new("--grammar") { Description = "A file with a GBNF grammar that the answer keeps." };
    private readonly Option<bool> _json = new("--json") { Description = "One JSON object on standard output; text for people goes to standard error." };

    /// <summary>Makes a verb that reads a request, starts the runtime, and runs.</summary>
    public static Command CreateCommand(string name, string description, Func<HybridChatClient, CliRequest, CancellationToken, Task<int>> run)
    {
        var options = new RequestOptions();
        var command = new Command(name, description);
        options.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var messages = await options.ReadMessagesAsync(parsed, cancellationToken);
            var request = new CliRequest(messages, options.ReadOptions(parsed), parsed.GetValue(options._json));
            await using var host = HybridHost.Start(CliConfiguration.Load(parsed.GetValue(options._config), options.Settings(parsed)));
            await host.ReadyAsync(cancellationToken);
            return await run(host.Client, request, cancellationToken);
        });
        return command;
    }

    private void AddTo(Command command)
    {
        // Otherwise a misspelt option would be taken for the prompt.
        _prompt.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && result.Tokens[0].Value.StartsWith("--", StringComparison.Ordinal))
                result.AddError($"There is no option '{result.Tokens[0].Value}'.");
        });
        command.Add(_prompt);
        foreach (var option in new Option[] { _config, _model, _policy, _target, _privacy, _deadline, _maxFirst, _maxEach, _system, _maxTokens, _temperature, _topP, _topK, _seed, _stop, _jsonSchema, _grammar, _json })
            command.Add(option);
    }

    private IEnumerable<KeyValuePair<string, string?>> Settings(ParseResult parsed)
    {
        if (parsed.GetValue(_model) is { } model)
            yield return new("Hybrid:Local:ModelPath", ModelLocation.Full(model, Environment.CurrentDirectory));
        if (parsed.GetValue(_policy) is { } policy)
            yield return new("Hybrid:Policy", policy);
    }

    private async Task<List<ChatMessage>> ReadMessagesAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var prompt = parsed.GetValue(_prompt);
        if (prompt is null or "-")
        {
            if (prompt is null && !Console.IsInputRedirected)
                throw new HybridException(HybridError.InvalidRequest, "There is no prompt. Give it as an argument, or pipe it in: echo \"...\" | hybrid run");
            prompt = await Console.In.ReadToEndAsync(cancellationToken);
        }

        if (string.IsNullOrWhiteSpace(prompt))
            throw new HybridException(HybridError.InvalidRequest, "The prompt is empty. Nothing was sent.");

        var messages = new List<ChatMessage>();
        if (parsed.GetValue(_system) is { } system)
            messages.Add(new ChatMessage(ChatRole.System, system));
        messages.Add(new ChatMessage(ChatRole.User, prompt));
        return messages;
    }

    private static JsonElement ReadSchema(string path)
    {
        try
        {
            return JsonElement.Parse(ReadFile("--json-schema", path));
        }
        catch (JsonException exception)
        {
            throw new HybridException(HybridError.InvalidRequest, $"--json-schema: '{path}' is not JSON: {exception.Message.TrimEnd('.')}. Nothing was sent.", exception);
        }
    }

    private static string ReadFile(string option, string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new HybridException(HybridError.InvalidRequest, $"{option}: '{path}' cannot be read: {exception.Message.TrimEnd('.')}. Nothing was sent.", exception);
        }
    }

    private ChatOptions ReadOptions(ParseResult parsed)
    {
        var options = new ChatOptions
        {
            MaxOutputTokens = parsed.GetValue(_maxTokens),
            Temperature = parsed.GetValue(_temperature),
            TopP = parsed.GetValue(_topP),
            TopK = parsed.GetValue(_topK),
            Seed = parsed.GetValue(_seed),
            StopSequences = parsed.GetValue(_stop) is { Length: > 0 } stop ? stop : null,
            ResponseFormat = parsed.GetValue(_jsonSchema) is { } schema ? ChatResponseFormat.ForJsonSchema(ReadSchema(schema)) : null,
        };
        if (parsed.GetValue(_grammar) is { } grammar)
            options.WithGrammar(ReadFile("--grammar", grammar));
        if (parsed.GetValue(_privacy) is { } privacy)
            options.WithPrivacy(privacy);
        if (parsed.GetValue(_target) is { } target)
            options.WithTarget(target);
        if (parsed.GetValue(_deadline) is { } deadline)
            options.WithDeadline(Duration.Parse("--deadline", deadline));
        if (parsed.GetValue(_maxFirst) is { } first)
            options.WithMaxTimeToFirstToken(Duration.Parse("--max-ttft", first));
        if (parsed.GetValue(_maxEach) is { } each)
            options.WithMaxTimePerToken(Duration.Parse("--max-tpot", each));
        return options;
    }
}
