using System.Text.Json;
using Hybrid.Chat;
using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.CloudConnector.ChatClients;

/// <summary>Writes a request as the messages and options of a chat call.</summary>
/// <remarks>min-p, the repetition penalty and the penalty window have no place there and are not sent.</remarks>
internal sealed class ChatCallWriter(TargetDescriptor descriptor)
{
    /// <exception cref="HybridException">The request asks for what the target was not said to do (<see cref="HybridError.InvalidRequest"/>).</exception>
    public (List<ChatMessage> Messages, ChatOptions Options) Write(DecodeRequest request)
    {
        if (request.Prompt is not MessagesPrompt chat)
            throw Invalid("takes messages, not text or token ids");
        if (request.LogProbabilities is not null)
            throw Invalid("gives no log-probabilities");
        if (request.OffersTools && !descriptor.Capabilities.HasFlag(TargetCapabilities.Tools))
            throw Invalid("was not said to know tools");
        if (request.Format is not null && !descriptor.Capabilities.HasFlag(TargetCapabilities.Json))
            throw Invalid("was not said to keep an output format");
        List<ChatMessage> messages = [.. chat.Messages.Select(Message)];
        if (request.Continuation.Length > 0)
            messages.Add(Continuation(request));
        return (messages, Options(request));
    }

    private ChatMessage Continuation(DecodeRequest request)
    {
        if (!descriptor.Capabilities.HasFlag(TargetCapabilities.Continuation))
            throw Invalid("was not said to go on from a last message of the assistant");
        if (request.Format is not null)
            throw Invalid("cannot go on within an output format: it would begin the format anew");
        return new(ChatRole.Assistant, request.Continuation);
    }

    private static ChatMessage Message(PromptMessage message)
    {
        if (message.Role == "tool")
            return new(ChatRole.Tool, [new FunctionResultContent(message.ToolCallId, message.Text)]);
        List<AIContent> contents = message.Text.Length > 0 || message.ToolCalls.Count == 0 ? [new TextContent(message.Text)] : [];
        contents.AddRange(message.ToolCalls.Select(ToolJson.Content));
        return new(new ChatRole(message.Role), contents);
    }

    private ChatOptions Options(DecodeRequest request) => new()
    {
        Temperature = request.Sampling.Temperature,
        TopP = request.Sampling.TopP,
        TopK = request.Sampling.TopK == 0 ? null : request.Sampling.TopK,
        FrequencyPenalty = request.Sampling.FrequencyPenalty == 0 ? null : request.Sampling.FrequencyPenalty,
        PresencePenalty = request.Sampling.PresencePenalty == 0 ? null : request.Sampling.PresencePenalty,
        Seed = request.Sampling.Seed,
        MaxOutputTokens = request.MaxTokens,
        StopSequences = request.StopSequences.Count > 0 ? [.. request.StopSequences] : null,
        ResponseFormat = Format(request.Format),
        Tools = request.OffersTools ? [.. request.Tools.Select(tool => AIFunctionFactory.CreateDeclaration(tool.Name, tool.Description, tool.Parameters))] : null,
        ToolMode = request.OffersTools ? Mode(request.ToolChoice) : null,
    };

    private ChatResponseFormatJson? Format(OutputFormat? format) => format switch
    {
        null => null,
        JsonOutput => ChatResponseFormat.Json,
        JsonSchemaOutput schema => ChatResponseFormat.ForJsonSchema(Schema(schema.Schema), schema.Name),
        _ => throw Invalid("keeps no grammar"),
    };

    private static ChatToolMode Mode(ToolChoice choice) => choice switch
    {
        { Mode: ToolChoiceMode.Required, Name: { } name } => ChatToolMode.RequireSpecific(name),
        { Mode: ToolChoiceMode.Required } => ChatToolMode.RequireAny,
        _ => ChatToolMode.Auto,
    };

    private JsonElement Schema(string schema)
    {
        try
        {
            using var document = JsonDocument.Parse(schema);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            throw Invalid("was given a JSON schema that is no JSON");
        }
    }

    private HybridException Invalid(string why) => new(HybridError.InvalidRequest, $"Target '{descriptor.Name}' {why}. Nothing was sent.");
}
