using System.Net;
using System.Security.Cryptography;
using Hybrid;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace DesktopApp;

/// <summary>The app's window: a page on a port of loopback that the system chose, behind a path that only its user is told.</summary>
internal sealed class Window : IAsyncDisposable
{
    private static readonly Dictionary<string, string> Files = new()
    {
        [""] = "chat.html",
        ["chat.css"] = "chat.css",
        ["chat.js"] = "chat.js",
    };

    private readonly WebApplication _app;

    private Window(WebApplication app, Uri address) => (_app, Address) = (app, address);

    /// <summary>What the browser opens. Who has it can use the app.</summary>
    public Uri Address { get; }

    public static async Task<Window> OpenAsync(IChatClient client, IConfiguration configuration, CancellationToken cancellationToken)
    {
        var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        ListenOptions? listening = null;
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>(); // The process' signals are Program's.
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 1 << 20;
            kestrel.Listen(IPAddress.Loopback, 0, listen => listening = listen);
        });
        var app = builder.Build();
        var gate = new PageGate(token, () => listening!.IPEndPoint!);
        app.Use(next => context => gate.InvokeAsync(context, next));
        app.UseRouting();
        var root = $"/{token}/";
        var choices = Choices.Of(configuration);
        app.MapGet(root + "choices", context => context.Response.WriteAsJsonAsync(choices, PageJson.Default.Choices, cancellationToken: context.RequestAborted));
        app.MapPost(root + "ask", new AskEndpoint(client, configuration).HandleAsync);
        foreach (var (path, file) in Files)
            app.MapGet(root + path, context => SendAsync(context, file));
        await app.StartAsync(cancellationToken);
        return new(app, new($"http://{listening!.IPEndPoint}{root}"));
    }

    public async ValueTask DisposeAsync()
    {
        // Answers that still stream end with their connections.
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private static Task SendAsync(HttpContext context, string file)
    {
        context.Response.ContentType = Path.GetExtension(file) switch
        {
            ".html" => "text/html; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            _ => "text/javascript; charset=utf-8",
        };
        return context.Response.SendFileAsync(Path.Combine(AppContext.BaseDirectory, "page", file), context.RequestAborted);
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
