using Hybrid.Accounting.Predictors;
using Hybrid.Policy;
using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.Chat;

/// <summary>Reads a chat call into a request, changing nothing of the caller's.</summary>
internal sealed class ChatRequestReader(IReadOnlyList<ITarget> targets, Func<IReadOnlyList<PromptMessage>, int> estimate, OutputLengths lengths, TimeProvider time)
{
    private static readonly ChatOptions Unset = new();

    public ChatRequest Read(string id, IEnumerable<ChatMessage> messages, ChatOptions? given, PolicySet policies)
    {
        var options = given ?? Unset;
        UnsupportedOptions.Refuse(options);
        var properties = HybridProperties.Read(options);
        var turns = MessageReader.Read(messages, options.Instructions);
        return Read(id, new ChatCall(
            new DecodeRequest
            {
                Prompt = new MessagesPrompt(turns),
                Sampling = SamplingReader.Read(options, properties),
                MaxTokens = options.MaxOutputTokens is { } most and < 1
                    ? throw Invalid($"ChatOptions.MaxOutputTokens is {most}; use 1 or more")
                    : options.MaxOutputTokens,
                StopSequences = StopSequences(options),
                Tools = ToolReader.Tools(options),
                ToolChoice = ToolReader.Choice(options),
                Format = FormatReader.Read(options, properties),
                LogProbabilities = properties.LogProbabilities,
            },
            properties,
            options.ModelId), policies);
    }

    /// <summary>Reads a question that came over a wire.</summary>
    public ChatRequest Read(string id, ChatCall call, PolicySet policies)
    {
        var properties = call.Wishes;
        var policy = Policy(properties.Policy, policies);
        var decode = call.Decode with
        {
            Id = id,
            Privacy = properties.Privacy ?? policies.Privacy,
            Deadline = Deadline(properties.Deadline),
            Priority = properties.Priority ?? RequestPriority.Normal,
        };
        var (target, model) = Pin(call.Model, properties.Target);
        var length = lengths.Find(properties.Tag);
        var profile = new RequestProfile
        {
            PromptTokens = PromptTokens(decode.Prompt) + ToolTokens(decode),
            ExpectedOutputTokens = Tokens(length?.Mean(decode.MaxTokens), null) ?? decode.MaxTokens ?? policy.ExpectedOutputTokens,
            OutputTokensAtQuantile = Tokens(length?.At(policy.LatencyQuantile), decode.MaxTokens),
            MaxOutputTokens = decode.MaxTokens,
            Tag = properties.Tag,
            Priority = decode.Priority,
            Privacy = decode.Privacy,
            Needs = (decode.Prompt is TextPrompt ? TargetCapabilities.Text : TargetCapabilities.Chat) | decode.Needs,
            TimeLeft = properties.Deadline,
            MaxTimeToFirstToken = properties.MaxTimeToFirstToken,
            MaxTimePerToken = properties.MaxTimePerToken,
            CanWaitUntil = properties.CanWaitUntil,
            Tenant = properties.Tenant,
            DollarsLeft = properties.BudgetDollars,
            GramsLeft = properties.BudgetGrams,
            Target = target,
            Model = model,
        };
        return new(decode, profile, policy, properties.HandoverMarkers);
    }

    private int PromptTokens(Prompt prompt) => prompt switch
    {
        MessagesPrompt chat => estimate(chat.Messages),
        TextPrompt text => TokenEstimate.OfText(text.Text),
        _ => throw Invalid("The prompt is token ids, and targets have different vocabularies; send messages or text"),
    };

    private static int? Tokens(double? learned, int? most) => learned is { } tokens ? (int)Math.Clamp(Math.Ceiling(tokens), 1, most ?? int.MaxValue) : null;

    /// <summary>What showing the tools takes, about: templates write them as JSON.</summary>
    private int ToolTokens(DecodeRequest decode) => decode.OffersTools
        ? estimate([new("user", string.Concat(decode.Tools.Select(tool => $"{tool.Name} {tool.Description} {tool.Parameters.GetRawText()} ")))])
        : 0;

    private static RoutingPolicy Policy(string? name, PolicySet policies)
    {
        if (name is null) return policies.Default;
        return policies.TryFind(name, out var policy)
            ? policy
            : throw Invalid($"There is no policy '{name}'; there are {string.Join(", ", policies.Names)}");
    }

    private static string[] StopSequences(ChatOptions options)
    {
        string[] stops = [.. options.StopSequences ?? []];
        return Array.Exists(stops, string.IsNullOrEmpty) ? throw Invalid("ChatOptions.StopSequences holds an empty string") : stops;
    }

    private DateTimeOffset? Deadline(TimeSpan? left)
    {
        if (left is not { } span) return null;
        var now = time.GetUtcNow();
        return span < DateTimeOffset.MaxValue - now ? now + span : null;
    }

    private (string? Target, string? Model) Pin(string? modelId, string? pinned)
    {
        if (pinned is not null && !targets.Any(target => target.Descriptor.Name == pinned))
            throw Invalid($"There is no target '{pinned}'; there are {string.Join(", ", targets.Select(target => target.Descriptor.Name))}");
        if (modelId is null) return (pinned, null);
        if (targets.Any(target => target.Descriptor.Model == modelId)) return (pinned, modelId);
        if (targets.Any(target => target.Descriptor.Name == modelId))
        {
            return pinned is null || pinned == modelId
                ? (modelId, null)
                : throw Invalid($"ChatOptions.ModelId names target '{modelId}', but the request is pinned to '{pinned}'");
        }

        throw Invalid($"ChatOptions.ModelId '{modelId}' is neither a target nor a model that one carries; {ModelCatalogue.Carried(modelId, targets.Select(target => target.Descriptor))}");
    }

    private static HybridException Invalid(string message) => new(HybridError.InvalidRequest, message + ". Nothing was sent.");
}
