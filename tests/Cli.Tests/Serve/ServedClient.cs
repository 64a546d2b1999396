using System.Net;
using System.Text;
using System.Text.Json;
using Hybrid.Cli.Serve;
using Hybrid.Configuration;
using Hybrid.Edge.Waiting;
using Hybrid.Targets;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.Cli.Tests.Serve;

/// <summary>The server for apps on a free port of this machine, over targets that a test chooses.</summary>
internal sealed class ServedClient : IAsyncDisposable
{
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromMinutes(3));

    private ServedClient(HybridChatClient client, LocalServer server, WaitingRequests? waiting)
    {
        (Client, Server, Waiting) = (client, server, waiting);
        Http = new HttpClient { BaseAddress = server.Address };
    }

    public HybridChatClient Client { get; }

    public LocalServer Server { get; }

    public WaitingRequests? Waiting { get; }

    public HttpClient Http { get; }

    /// <summary>Ends a test that hangs.</summary>
    public CancellationToken Limit => _limit.Token;

    public static async Task<ServedClient> StartAsync(IEnumerable<ITarget> targets, ServeOptions? options = null, HybridChatClientOptions? clientOptions = null, WaitingOptions? waiting = null)
    {
        var client = new HybridChatClient(targets, (clientOptions ?? new()) with { OwnsTargets = true });
        var kept = waiting is null ? null : WaitingRequests.Open(client, waiting, TimeProvider.System, NullLogger.Instance);
        return new(client, await LocalServer.StartAsync(client, (options ?? new()) with { Port = 0 }, kept, TimeProvider.System, NullLoggerFactory.Instance), kept);
    }

    public async Task<(HttpResponseMessage Response, JsonElement Body)> AskAsync(string path, string json, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        var response = await Http.SendAsync(request, Limit);
        var text = await response.Content.ReadAsStringAsync(Limit);
        return (response, text.Length == 0 ? default : JsonElement.Parse(text));
    }

    public async Task<(HttpStatusCode Status, JsonElement Body)> GetAsync(string path)
    {
        using var response = await Http.GetAsync(new Uri(path, UriKind.Relative), Limit);
        return (response.StatusCode, JsonElement.Parse(await response.Content.ReadAsStringAsync(Limit)));
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Server.DisposeAsync();
        if (Waiting is not null) await Waiting.DisposeAsync();
        await Client.DisposeAsync();
        _limit.Dispose();
    }
}
