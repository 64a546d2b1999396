using System.CommandLine;

namespace Hybrid.CloudWorker;

/// <summary>The command line; every option writes the key of <see cref="WorkerOptions"/> that it names.</summary>
internal static class WorkerCommand
{
    private static readonly (Option Option, string Key)[] Options =
    [
        (Texts("--model", "PATH", "The GGUF file to serve, or ID=PATH; give it again for more models, the first is the default."), "Model"),
        (Text("--name", "NAME", "The id of the first model that clients ask for; default: the file's name."), "Name"),
        (Text("--memory-budget", "BYTES", "Memory that all models together may take, such as 2GiB; default: no limit."), "MemoryBudget"),
        (Time("--keep-alive", "Unload a model after this idle time (5m); default: when another needs its room."), "KeepAlive"),
        (Text("--bind", "ADDRESS", "The IP address to listen on; default 127.0.0.1."), "Bind"),
        (Number("--http-port", "Port of the OpenAI API; 0 takes a free one; default 8080."), "HttpPort"),
        (Number("--grpc-port", "Port of gRPC; 0 takes a free one; default 8081."), "GrpcPort"),
        (Number("--threads", "Threads that decode; default: the engine chooses."), "Threads"),
        (Number("--slots", "Requests decoded at once; default: the engine chooses."), "Slots"),
        (Number("--kv-tokens", "Tokens that the KV cache holds for all requests together; default: the engine chooses."), "KvTokens"),
        (Text("--draft-model", "PATH", "A smaller GGUF file with the vocabulary of the first model that drafts for it."), "DraftModel"),
        (Number("--context", "Tokens of context per request; default: what the model was trained with."), "Context"),
        (Number("--poll", "How hard decode threads spin while they wait, 0 to 100."), "Poll"),
        (Number("--queue", "Requests that may wait before more are refused as busy; default 64."), "Queue"),
        (Time("--cold-start", "Start cold, like a pool scaled to zero; loading takes at least this long (8s)."), "ColdStart"),
        (Time("--scale-to-zero-after", "With --cold-start: unload after this idle time (60s)."), "ScaleToZeroAfter"),
        (Text("--api-key", "KEY", "A bearer key that clients must send; visible in process lists: prefer HYBRID__WORKER__APIKEYS__0."), "ApiKeys:0"),
        (Flag("--insecure", "Allow an address beyond this machine without key and certificate."), "Insecure"),
        (Flag("--exit-with-stdin", "End when standard input ends."), "ExitWithStdin"),
    ];

    /// <summary>Makes the root command; <paramref name="run"/> gets the keys that were given and returns the exit code.</summary>
    public static RootCommand Create(Func<IReadOnlyDictionary<string, string?>, CancellationToken, Task<int>> run)
    {
        var root = new RootCommand("Serves models over gRPC and OpenAI-compatible HTTP.");
        foreach (var (option, _) in Options)
            root.Options.Add(option);
        root.SetAction((result, cancellationToken) => run(Read(result), cancellationToken));
        return root;
    }

    private static Dictionary<string, string?> Read(ParseResult result)
    {
        var keys = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        foreach (var (option, key) in Options)
        {
            var value = option switch
            {
                Option<string> text => result.GetValue(text),
                Option<int?> number => result.GetValue(number)?.ToString(),
                Option<TimeSpan?> time => result.GetValue(time)?.ToString("c"),
                Option<bool> flag => result.GetValue(flag) ? "true" : null,
                _ => null,
            };
            if (option is Option<string[]> texts && result.GetValue(texts) is { Length: > 0 } all)
            {
                value = all[0];
                for (var i = 1; i < all.Length; i++)
                    keys[$"{WorkerOptions.Section}:{key}s:{i - 1}"] = all[i];
            }

            if (value is not null)
                keys[$"{WorkerOptions.Section}:{key}"] = value;
        }

        return keys;
    }

    private static Option<string> Text(string name, string value, string description) =>
        new(name) { Description = description, HelpName = value };

    private static Option<string[]> Texts(string name, string value, string description) =>
        new(name) { Description = description, HelpName = value, Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false };

    private static Option<int?> Number(string name, string description) =>
        new(name) { Description = description, HelpName = "N" };

    private static Option<bool> Flag(string name, string description) =>
        new(name) { Description = description };

    private static Option<TimeSpan?> Time(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "TIME",
        CustomParser = result =>
        {
            if (Duration.TryParse(result.Tokens[0].Value, out var duration))
                return duration;
            result.AddError($"{name} is '{result.Tokens[0].Value}'; write a time such as 500ms, 8s or 5m.");
            return null;
        },
    };
}
