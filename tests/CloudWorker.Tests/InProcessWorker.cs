using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Hybrid.CloudWorker.Hosting;
using Hybrid.Protocol;
using Hybrid.Targets;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace Hybrid.CloudWorker.Tests;

/// <summary>The worker's whole web application on free ports of this machine, over a scripted target.</summary>
internal sealed class InProcessWorker : IAsyncDisposable
{
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromMinutes(3));

    private InProcessWorker(WorkerServer server, ScriptedTarget target)
    {
        (Server, Target) = (server, target);
        Http = new HttpClient { BaseAddress = server.Http };
        Grpc = new HttpClient { BaseAddress = server.Grpc, DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
    }

    public WorkerServer Server { get; }

    public ScriptedTarget Target { get; }

    public HttpClient Http { get; }

    public HttpClient Grpc { get; }

    /// <summary>Ends a test that hangs.</summary>
    public CancellationToken Limit => _limit.Token;

    public static async Task<InProcessWorker> StartAsync(
        Action<WorkerOptions>? configure = null, TimeProvider? time = null, Func<ScriptedTarget, CancellationToken, Task<ITarget>>? load = null, bool warm = true)
    {
        var options = new WorkerOptions { Model = "scripted.gguf", HttpPort = 0, GrpcPort = 0 };
        configure?.Invoke(options);
        var target = new ScriptedTarget();
        var builder = WebApplication.CreateSlimBuilder();
        // Hundreds of workers' starts and ends would bury the one line that says which test failed.
        builder.Logging.SetMinimumLevel(LogLevel.None);
        var server = WorkerServer.Build(
            builder, options,
            [new(target.Descriptor with { ContextLength = int.MaxValue }, token => load is null ? Task.FromResult<ITarget>(target) : load(target, token), Estimate: null, new ModelDigest())],
            time ?? TimeProvider.System);
        await server.StartAsync();
        var worker = new InProcessWorker(server, target);
        if (warm)
            await server.Models.Default.WarmAsync(worker.Limit);
        return worker;
    }

    public Task<HttpResponseMessage> PostAsync(string path, string json, bool untilHeaders = false)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        return Http.SendAsync(request, untilHeaders ? HttpCompletionOption.ResponseHeadersRead : HttpCompletionOption.ResponseContentRead, Limit);
    }

    /// <summary>Posts, and reads the body whatever the status.</summary>
    public async Task<(HttpStatusCode Status, JsonElement Body)> AskAsync(string path, string json)
    {
        using var response = await PostAsync(path, json);
        return (response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync(Limit)).RootElement);
    }

    /// <summary>Posts and reads server-sent events to the end of the body.</summary>
    public async Task<IReadOnlyList<string>> StreamAsync(string path, string json)
    {
        using var response = await PostAsync(path, json);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        var body = await response.Content.ReadAsStringAsync(Limit);
        Assert.EndsWith("\n\n", body, StringComparison.Ordinal);
        return [.. body.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(line => line["data: ".Length..])];
    }

    public Task<GrpcAnswer> CallAsync(string method, IMessage message, Action<HttpRequestMessage>? configure = null) =>
        CallAsync(method, GrpcFraming.ToArray(message), configure);

    /// <summary>Sends bytes as the body of a call and reads it to its end.</summary>
    public async Task<GrpcAnswer> CallAsync(string method, byte[] body, Action<HttpRequestMessage>? configure = null)
    {
        using var request = Request(method, new ByteArrayContent(body));
        configure?.Invoke(request);
        using var response = await Grpc.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Limit);
        var bytes = await response.Content.ReadAsByteArrayAsync(Limit);
        return new(response, bytes);
    }

    public static HttpRequestMessage Request(string method, HttpContent content)
    {
        content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        return new HttpRequestMessage(HttpMethod.Post, method.StartsWith('/') ? method : "/hybrid.decode.v1.Decode/" + method)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        Grpc.Dispose();
        await Server.StopAsync();
        await Server.DisposeAsync();
        _limit.Dispose();
    }
}

/// <summary>What a call of gRPC gave: its messages, and its status from headers or trailers.</summary>
internal sealed class GrpcAnswer
{
    private readonly byte[] _body;

    public GrpcAnswer(HttpResponseMessage response, byte[] body)
    {
        _body = body;
        Http = response.StatusCode;
        InHeaders = response.Headers.Contains("grpc-status");
        var source = InHeaders ? response.Headers : response.TrailingHeaders;
        Status = source.TryGetValues("grpc-status", out var status) ? (GrpcStatus)int.Parse(status.Single()) : null;
        Message = source.TryGetValues("grpc-message", out var message) ? GrpcMessageText.Decode(message.Single()) : "";
    }

    public HttpStatusCode Http { get; }

    public bool InHeaders { get; }

    public GrpcStatus? Status { get; }

    public string Message { get; }

    public async Task<IReadOnlyList<T>> ReadAsync<T>(MessageParser<T> parser)
        where T : class, IMessage<T>
    {
        var reader = new GrpcMessageReader(new MemoryStream(_body));
        var messages = new List<T>();
        while (await reader.ReadAsync(parser) is { } message)
            messages.Add(message);
        return messages;
    }
}
