using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Hybrid.CloudWorker.Hosting;
using Hybrid.CloudWorker.OpenAi;
using Hybrid.Configuration;
using Hybrid.Edge.Waiting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Hybrid.Cli.Serve;

/// <summary>The OpenAI-compatible server for apps on this device, answered by the whole runtime.</summary>
internal sealed class LocalServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ServeOptions _options;
    private readonly Answers _answers;
    private ListenOptions? _listen;

    private LocalServer(WebApplication app, ServeOptions options, Answers answers) => (_app, _options, _answers) = (app, options, answers);

    /// <summary>Where it listens; known once started.</summary>
    public Uri Address => new($"{(_options.CertificatePath is null ? "http" : "https")}://{_listen?.IPEndPoint ?? throw new InvalidOperationException("The server is not started.")}");

    /// <summary>Begins to listen.</summary>
    /// <exception cref="HybridException">The address is taken, or the certificate cannot be read (<see cref="HybridError.Configuration"/>).</exception>
    public static async Task<LocalServer> StartAsync(
        HybridChatClient client, ServeOptions options, WaitingRequests? waiting, TimeProvider time, ILoggerFactory logging, CancellationToken cancellationToken = default)
    {
        var certificate = Certificate(options);
        var builder = WebApplication.CreateEmptyBuilder(new() { ApplicationName = typeof(LocalServer).Assembly.GetName().Name });
        var answers = new Answers(options.Grace, time);
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton(logging);
        builder.Services.AddLogging(log => log.AddFilter("Microsoft.AspNetCore", LogLevel.Warning));
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>(); // The process' signals are not this server's.
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(5));
        ListenOptions? listening = null;
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.MaxRequestBytes;
            kestrel.Listen(IPAddress.Parse(options.Bind), options.Port, listen => ServerCertificate.Configure(listening = listen, HttpProtocols.Http1, certificate));
        });
        if (options.CertificatePath is not null) builder.WebHost.UseKestrelHttpsConfiguration();
        var server = new LocalServer(builder.Build(), options, answers);
        server.Map(client, waiting, time, logging);
        try
        {
            await server._app.StartAsync(cancellationToken);
        }
        catch (Exception failure) when (failure is IOException or SocketException or UnauthorizedAccessException)
        {
            await server.DisposeAsync();
            throw new HybridException(HybridError.Configuration, $"The server cannot listen on {options}: {failure.Message} Nothing was opened. Choose another Hybrid:Serve:Port, or end the program that has it.", failure);
        }

        server._listen = listening;
        return server;
    }

    /// <summary>Refuses new requests, lets the running ones end within the grace, and closes.</summary>
    /// <param name="now">Ends the grace when it is cancelled.</param>
    public async Task DrainAsync(CancellationToken now = default)
    {
        var idle = _answers.Stop();
        await using (now.UnsafeRegister(static answers => ((Answers)answers!).StopNow(), _answers))
            await idle;
        await _app.StopAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        _answers.StopNow();
        await _app.DisposeAsync();
        _answers.Dispose();
    }

    private static X509Certificate2? Certificate(ServeOptions options)
    {
        try
        {
            return ServerCertificate.Load(options.CertificatePath, options.KeyPath, null);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new HybridException(HybridError.Configuration, $"The certificate '{options.CertificatePath}' or its key cannot be used: {failure.Message} Nothing was opened. Correct Hybrid:Serve:CertificatePath and KeyPath.", failure);
        }
    }

    private void Map(HybridChatClient client, WaitingRequests? waiting, TimeProvider time, ILoggerFactory logging)
    {
        var (keys, page) = (new ApiKeyGate(_options.ApiKeys), new LoopbackGate(IPAddress.Parse(_options.Bind)));
        _app.Use(next => context => page.InvokeAsync(context, next));
        _app.Use(next => context => keys.InvokeAsync(context, next));
        _app.UseRouting();
        new LocalEndpoints(client, _answers, waiting, time, logging.CreateLogger<LocalServer>()).Map(_app);
        _app.MapFallback(context => OpenAiErrors.WriteAsync(
            context, StatusCodes.Status404NotFound, new($"There is no {context.Request.Method} {context.Request.Path} here.", "invalid_request_error", null, "unknown_url")));
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
