using System.Net;
using Hybrid.CloudWorker.Grpc;
using Hybrid.CloudWorker.Hosting;
using Hybrid.CloudWorker.OpenAi;
using Hybrid.Protocol;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging.Console;

namespace Hybrid.CloudWorker;

/// <summary>The worker as one web application: both protocols over the same models.</summary>
internal sealed class WorkerServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly WorkerOptions _options;
    private ListenOptions? _http;
    private ListenOptions? _grpc;

    private WorkerServer(WebApplication app, WorkerOptions options) => (_app, _options) = (app, options);

    /// <summary>Where the OpenAI API listens; known once started.</summary>
    public Uri Http => Address(_http);

    /// <summary>Where gRPC listens; known once started.</summary>
    public Uri Grpc => Address(_grpc);

    public ModelHosts Models => _app.Services.GetRequiredService<ModelHosts>();

    public IHostApplicationLifetime Lifetime => _app.Lifetime;

    /// <summary>Puts the application together; <paramref name="builder"/> brings configuration and logging.</summary>
    public static WorkerServer Build(
        WebApplicationBuilder builder, WorkerOptions options, IReadOnlyList<HostedModel> models, TimeProvider time)
    {
        builder.Logging.ClearProviders();
        builder.Logging.AddSimpleConsole(console => console.SingleLine = true)
            .AddFilter("Microsoft.AspNetCore", LogLevel.Warning)
            // A failed start is told by the process in one line, not by the host with a stack trace.
            .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        builder.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.ShutdownGrace + TimeSpan.FromSeconds(5));
        builder.Services
            .AddSingleton(options)
            .AddSingleton(time)
            .AddSingleton(services => new ModelHosts(models, options, time, services.GetRequiredService<ILogger<ModelHosts>>()))
            .AddSingleton(new Answers(options.ShutdownGrace, time))
            .AddSingleton<OpenAiEndpoints>()
            .AddSingleton<DecodeEndpoints>();
        ListenOptions? http = null, grpc = null;
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.MaxRequestBytes;
            var certificate = ServerCertificate.Load(options.Tls.CertificatePath, options.Tls.KeyPath, options.Tls.Password);
            var address = IPAddress.Parse(options.Bind);
            kestrel.Listen(address, options.HttpPort, listen => ServerCertificate.Configure(http = listen, HttpProtocols.Http1, certificate));
            kestrel.Listen(address, options.GrpcPort, listen => ServerCertificate.Configure(grpc = listen, HttpProtocols.Http2, certificate));
        });
        var app = builder.Build();
        var server = new WorkerServer(app, options);
        app.Lifetime.ApplicationStarted.Register(() => (server._http, server._grpc) = (http, grpc));
        server.MapPipeline();
        return server;
    }

    public Task StartAsync(CancellationToken cancellationToken = default) => _app.StartAsync(cancellationToken);

    public Task WaitForShutdownAsync(CancellationToken cancellationToken = default) => _app.WaitForShutdownAsync(cancellationToken);

    public Task StopAsync() => _app.StopAsync();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private void MapPipeline()
    {
        var answers = _app.Services.GetRequiredService<Answers>();
        _app.Lifetime.ApplicationStopping.Register(() => _ = answers.Stop());
        var gate = new ApiKeyGate(_options.ApiKeys);
        _app.Use(next => context => gate.InvokeAsync(context, next));
        _app.UseRouting();
        _app.Services.GetRequiredService<OpenAiEndpoints>().Map(_app);
        _app.Services.GetRequiredService<DecodeEndpoints>().Map(_app);
        _app.MapFallback(UnknownAsync);
    }

    private static Task UnknownAsync(HttpContext context)
    {
        if (!GrpcCall.IsGrpc(context))
            return OpenAiErrors.WriteAsync(context, StatusCodes.Status404NotFound, new($"There is no {context.Request.Method} {context.Request.Path} here.", "invalid_request_error", null, "unknown_url"));
        GrpcCall.Refuse(context, GrpcStatus.Unimplemented, $"There is no method {context.Request.Path} here.");
        return Task.CompletedTask;
    }

    private Uri Address(ListenOptions? listen)
    {
        var endpoint = listen?.IPEndPoint ?? throw new InvalidOperationException("The worker is not started.");
        return new Uri($"{(_options.Tls.Enabled ? "https" : "http")}://{endpoint}");
    }
}
