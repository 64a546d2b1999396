using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Hybrid.Accounting;
using Hybrid.CloudConnector.ChatClients;
using Hybrid.CloudWorker.Tests;
using Hybrid.Targets;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using static Hybrid.CloudConnector.Tests.ChatClients.ScriptedChatClient;

namespace Hybrid.CloudConnector.Tests.ChatClients;

/// <summary>Chat clients registered in one line, asked through the whole runtime.</summary>
public class RegistrationTests
{
    private static readonly TargetDescriptor Hosted = new() { Name = "hosted", Model = "big", Zone = Zone.Site, Capabilities = TargetCapabilities.Chat | TargetCapabilities.Continuation };

    [Fact]
    public async Task One_line_makes_a_chat_client_a_target_beside_no_others()
    {
        var client = new ScriptedChatClient(Text("Hello"), End(ChatFinishReason.Stop));
        await using (var services = Services().AddHybridChatClientTarget(Hosted, client).BuildServiceProvider())
        {
            var response = await services.GetRequiredService<IChatClient>().GetResponseAsync("hi");
            Assert.Equal("Hello", response.Text);
            Assert.Equal("hosted", Assert.Single(((RequestReceipt)response.AdditionalProperties![HybridUpdateKeys.Receipt]!).Segments).Target);
        }

        Assert.Equal(0, client.Disposals);
    }

    [Fact]
    public async Task A_keyed_client_and_a_second_one_take_over_from_one_another()
    {
        var broken = new ScriptedChatClient(token => Say([Text("Hel")], new HttpRequestException("gone"), token));
        var whole = new ScriptedChatClient(Text("lo"), End(ChatFinishReason.Stop));
        await using var services = Services().AddKeyedSingleton<IChatClient>("second", whole)
            .AddHybridChatClientTarget(Hosted, broken)
            .AddHybridChatClientTarget(Hosted with { Name = "second", DollarsPerMillionOutputTokens = 1000 }, provider => provider.GetRequiredKeyedService<IChatClient>("second"))
            .BuildServiceProvider();
        var response = await services.GetRequiredService<IChatClient>().GetResponseAsync("hi");
        Assert.Equal("Hello", response.Text);
        Assert.Equal(["hi", "Hel"], whole.Messages.Select(message => message.Text));
    }

    [Fact]
    public async Task Without_any_target_the_start_still_fails_and_two_of_a_name_are_refused()
    {
        await using var none = Services().BuildServiceProvider();
        Assert.Equal(HybridError.Configuration, Assert.Throws<HybridException>(() => none.GetRequiredService<IChatClient>()).Error);
        await using var twice = Services().AddHybridChatClientTarget(Hosted, new ScriptedChatClient()).AddHybridChatClientTarget(Hosted, new ScriptedChatClient()).BuildServiceProvider();
        Assert.Equal(HybridError.Configuration, Assert.Throws<HybridException>(() => twice.GetRequiredService<IChatClient>()).Error);
        Assert.Throws<HybridException>(() => Services().AddHybridChatClientTarget(Hosted, new ScriptedChatClient(), new ChatClientTargetOptions { IdleTimeout = TimeSpan.Zero }));
    }

    [Fact]
    public async Task A_client_over_real_http_streams_fails_and_is_cancelled()
    {
        await using var worker = await InProcessWorker.StartAsync();
        using var client = new HttpChatClient(worker.Http);
        await using var target = new ChatClientTarget(Hosted, client);
        var ask = new DecodeRequest { Prompt = new MessagesPrompt([new("user", "hi")]), MaxTokens = 5 };
        var answer = await Pools.Asking.AskAsync(target, ask);
        Assert.Equal(("Hello wörld", DecodeFinish.Stop, 3), (answer.Text, answer.Completion!.Finish, answer.Completion.OutputTokens));
        Assert.Equal(5, worker.Target.Asked.Single().MaxTokens);

        worker.Target.Answer = (_, _) => ScriptedTarget.Fail(new HybridException(HybridError.Busy, "full"));
        Assert.Equal(HybridError.Busy, (await Pools.Asking.AskAsync(target, ask)).Fault?.Error);
        worker.Target.Answer = (_, _) => ScriptedTarget.Fail(new HybridException(HybridError.Internal, "broke"), "a");
        var cut = await Pools.Asking.AskAsync(target, ask);
        Assert.Equal(("a", HybridError.TargetUnavailable), (cut.Text, cut.Fault?.Error));

        worker.Target.Answer = (_, token) => worker.Target.Stall(["a"], token);
        await foreach (var update in target.GenerateAsync(ask, worker.Limit))
            break;
        await worker.Target.Cancelled.Task.WaitAsync(worker.Limit);
    }

    private static ServiceCollection Services()
    {
        var services = new ServiceCollection();
        services.AddHybrid(new ConfigurationBuilder().Build()).AddCloudConnector();
        return services;
    }

    /// <summary>A small chat client over OpenAI's HTTP, as an app might have one of its own.</summary>
    private sealed class HttpChatClient(HttpClient http) : IChatClient
    {
        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
            {
                Content = JsonContent.Create(new
                {
                    messages = messages.Select(message => new { role = message.Role.Value, content = message.Text }),
                    max_tokens = options?.MaxOutputTokens,
                    stream = true,
                    stream_options = new { include_usage = true },
                }),
            };
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            response.EnsureSuccessStatusCode();
            using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
            while (await lines.ReadLineAsync(cancellationToken) is { } line)
            {
                if (!line.StartsWith("data: {", StringComparison.Ordinal))
                    continue;
                using var json = JsonDocument.Parse(line["data: ".Length..]);
                if (json.RootElement.TryGetProperty("error", out _))
                    throw new IOException("The server reported an error.");
                if (json.RootElement.TryGetProperty("usage", out var usage) && usage.ValueKind == JsonValueKind.Object)
                    yield return End(null, new UsageContent(new() { InputTokenCount = usage.GetProperty("prompt_tokens").GetInt64(), OutputTokenCount = usage.GetProperty("completion_tokens").GetInt64() }));
                foreach (var choice in json.RootElement.GetProperty("choices").EnumerateArray())
                {
                    var delta = choice.GetProperty("delta");
                    var reason = choice.GetProperty("finish_reason").GetString();
                    yield return new(ChatRole.Assistant, delta.TryGetProperty("content", out var content) ? content.GetString() : "") { FinishReason = reason is null ? null : new ChatFinishReason(reason) };
                }
            }
        }

        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
            GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
        }
    }
}
