using System.Text.Json;
using Hybrid;
using Hybrid.Targets;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;

namespace DesktopApp;

/// <summary>Answers a conversation line by line, each a JSON object, while the text comes. The page stops it by closing the connection.</summary>
internal sealed class AskEndpoint(IChatClient client, IConfiguration configuration)
{
    public async Task HandleAsync(HttpContext context)
    {
        context.Response.ContentType = "application/x-ndjson";
        try
        {
            var question = await JsonSerializer.DeserializeAsync(context.Request.Body, PageJson.Default.Question, context.RequestAborted) ?? throw new JsonException("it is null");
            var messages = question.Messages.Select(said => new ChatMessage(said.Role == "assistant" ? ChatRole.Assistant : ChatRole.User, said.Text));
            await foreach (var update in client.GetStreamingResponseAsync(messages, Options(question), context.RequestAborted))
                await WriteAsync(context, AnswerLine.Of(update));
        }
        catch (HybridException failure)
        {
            await WriteAsync(context, new() { Error = failure.Message });
        }
        catch (JsonException failure)
        {
            await WriteAsync(context, new() { Error = $"The question cannot be read: {failure.Message}" });
        }
        catch (Exception stopped) when (stopped is OperationCanceledException or IOException && context.RequestAborted.IsCancellationRequested)
        {
            // The page wants no more.
        }
    }

    private ChatOptions Options(Question question)
    {
        var options = new ChatOptions
        {
            Temperature = configuration.GetValue<float?>("ConsoleChat:Temperature"),
            MaxOutputTokens = configuration.GetValue<int?>("ConsoleChat:MaxOutputTokens"),
        }.WithHandoverMarkers();
        if (question.Policy is { } policy) options.WithPolicy(policy);
        if (question.Privacy is { } name)
            options.WithPrivacy(Enum.TryParse<PrivacyClass>(name, ignoreCase: true, out var privacy) ? privacy
                : throw new HybridException(HybridError.InvalidRequest, $"There is no privacy class '{name}'. Nothing was sent."));
        return options;
    }

    private static async Task WriteAsync(HttpContext context, AnswerLine line)
    {
        await JsonSerializer.SerializeAsync(context.Response.Body, line, PageJson.Default.AnswerLine, context.RequestAborted);
        await context.Response.Body.WriteAsync("\n"u8.ToArray(), context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }
}
