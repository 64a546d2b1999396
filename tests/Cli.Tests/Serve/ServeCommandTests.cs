using System.ClientModel;
using System.Diagnostics;
using System.Text.Json;
using Hybrid.EndToEnd;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Embeddings;

namespace Hybrid.Cli.Tests.Serve;

/// <summary>The command in a process of its own with the starter model, asked by the OpenAI package.</summary>
public sealed class ServeCommandTests
{
    private const string Prompt = "What does Ada keep in the harbour?";

    [Fact]
    public async Task The_openai_package_is_answered_by_the_starter_model_and_SIGTERM_ends_it_well()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        using var process = ChildProcess.Start("src/Cli", "hybrid", "serve", "--port", "0", "--model", Repository.EdgeModel);
        var line = await process.Output.ReadLineAsync(limit.Token);
        Assert.StartsWith("Listening on http://127.0.0.1:", line, StringComparison.Ordinal);
        var client = new OpenAIClient(new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri(line!["Listening on ".Length..]) });

        var chat = client.GetChatClient("hybrid");
        var options = new ChatCompletionOptions { Temperature = 0, MaxOutputTokenCount = 16 };
        var whole = await chat.CompleteChatAsync([new UserChatMessage(Prompt)], options, limit.Token);
        Assert.NotEqual("", whole.Value.Content[0].Text);
        Assert.InRange(whole.Value.Usage.OutputTokenCount, 1, 16);
        var (streamed, finish) = ("", (ChatFinishReason?)null);
        await foreach (var update in chat.CompleteChatStreamingAsync([new UserChatMessage(Prompt)], options, limit.Token))
        {
            streamed += string.Concat(update.ContentUpdate.Select(part => part.Text));
            finish ??= update.FinishReason;
        }

        Assert.Equal((whole.Value.Content[0].Text, whole.Value.FinishReason), (streamed, finish));

        var json = await chat.CompleteChatAsync([new UserChatMessage(Prompt)], new ChatCompletionOptions
        {
            Temperature = 0,
            MaxOutputTokenCount = 64,
            ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat("answer", BinaryData.FromString("""{"type":"object","properties":{"yes":{"type":"boolean"}},"required":["yes"],"additionalProperties":false}""")),
        }, limit.Token);
        Assert.True(JsonElement.Parse(json.Value.Content[0].Text).TryGetProperty("yes", out _));

        EmbeddingClient embeddings = client.GetEmbeddingClient("hybrid");
        Assert.True((await embeddings.GenerateEmbeddingAsync("harbour", cancellationToken: limit.Token)).Value.ToFloats().Length > 0);
        using var http = new HttpClient { BaseAddress = new(line["Listening on ".Length..]) };
        using var text = await http.PostAsync(new Uri("/v1/completions", UriKind.Relative), new StringContent("""{"prompt":"Ada keeps","max_tokens":8,"temperature":0}"""), limit.Token);
        Assert.NotEqual("", JsonElement.Parse(await text.Content.ReadAsStringAsync(limit.Token)).GetProperty("choices")[0].GetProperty("text").GetString());
        var refused = await Assert.ThrowsAsync<ClientResultException>(() => client.GetChatClient("gpt-0").CompleteChatAsync([new UserChatMessage(Prompt)], options, limit.Token));
        Assert.Equal(404, refused.Status);

        using (var kill = Process.Start("kill", ["-TERM", process.Id.ToString()])) await kill.WaitForExitAsync(limit.Token);
        var ended = await process.EndAsync();
        Assert.Equal(0, ended.ExitCode);
    }

    [Theory]
    [InlineData("there is no key", "--bind", "0.0.0.0")]
    [InlineData("plain text", "--bind", "0.0.0.0", "--api-key", "k")]
    [InlineData("out of range", "--port", "70000")]
    public async Task What_would_be_unsafe_is_refused_at_the_start(string why, params string[] arguments)
    {
        var ended = await ChildProcess.RunAsync("src/Cli", "hybrid", ["serve", "--model", Repository.EdgeModel, .. arguments]);
        Assert.Equal(2, ended.ExitCode);
        Assert.Contains(why, ended.Errors, StringComparison.Ordinal);
        Assert.Equal("", ended.Output);
    }
}
