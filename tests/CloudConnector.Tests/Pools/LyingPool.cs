using System.Net;
using Google.Protobuf;
using Hybrid.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Hybrid.CloudConnector.Tests.Pools;

/// <summary>A server over HTTP/2 that answers every call as a test writes it, well or badly.</summary>
internal sealed class LyingPool : IAsyncDisposable
{
    private readonly WebApplication _app;

    private LyingPool(WebApplication app) => _app = app;

    public Uri Endpoint => new(_app.Urls.Single());

    public int Calls { get; private set; }

    public static async Task<LyingPool> StartAsync(Func<HttpContext, Task> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        var app = builder.Build();
        var pool = new LyingPool(app);
        app.Run(context =>
        {
            pool.Calls++;
            return answer(context);
        });
        await app.StartAsync();
        return pool;
    }

    /// <summary>Writes messages, and the status as a trailer unless it is null.</summary>
    public static async Task WriteAsync(HttpContext context, string? status, params IMessage[] messages)
    {
        context.Response.ContentType = "application/grpc";
        foreach (var message in messages)
            await context.Response.Body.WriteAsync(GrpcFraming.ToArray(message));
        await context.Response.Body.FlushAsync();
        if (status is not null)
            context.Response.AppendTrailer("grpc-status", status);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
