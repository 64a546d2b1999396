using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using Hybrid.CloudWorker.Hosting;
using Hybrid.Targets;

namespace Hybrid.CloudWorker;

/// <summary>One run of the worker process, from its options to its exit code.</summary>
internal static class Worker
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int BadUsage = 2;

    public static async Task<int> RunAsync(IReadOnlyDictionary<string, string?> arguments, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddInMemoryCollection(arguments);
        var options = new WorkerOptions();
        try
        {
            builder.Configuration.GetSection(WorkerOptions.Section).Bind(options, binder => binder.ErrorOnUnknownConfiguration = true);
        }
        catch (InvalidOperationException exception)
        {
            return Tell(BadUsage, $"The section {WorkerOptions.Section} cannot be read: {exception.InnerException?.Message ?? exception.Message}");
        }

        var errors = WorkerOptionsValidation.Check(options);
        if (errors.Count > 0)
            return Tell(BadUsage, [.. errors]);
        if (options.Served.FirstOrDefault(model => !File.Exists(model.Path)) is { } missing)
            return Tell(Failed, $"There is no model file '{missing.Path}'.");
        try
        {
            return await ServeAsync(builder, options, cancellationToken);
        }
        catch (Exception exception) when (exception is HybridException or IOException or UnauthorizedAccessException or CryptographicException)
        {
            return Tell(Failed, exception.Message);
        }
    }

    private static async Task<int> ServeAsync(WebApplicationBuilder builder, WorkerOptions options, CancellationToken cancellationToken)
    {
        var models = EngineModel.All(options, TimeProvider.System);
        await using var server = WorkerServer.Build(builder, options, models, TimeProvider.System);
        try
        {
            await server.StartAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or SocketException)
        {
            return Tell(Failed, $"Cannot listen on {options.Bind}, ports {options.HttpPort} and {options.GrpcPort}: {exception.Message}");
        }

        await Console.Out.WriteLineAsync(ReadyLine(server));
        await Console.Out.FlushAsync(cancellationToken);
        if (options.ExitWithStdin)
            StopWithStandardInput(server.Lifetime);
        foreach (var (model, served) in models.Zip(options.Served))
            _ = model.Digest.ReadAsync(served.Path, server.Lifetime.ApplicationStopping);
        await server.WaitForShutdownAsync(cancellationToken);
        return Done;
    }

    private static string ReadyLine(WorkerServer server)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("event", "listening");
            writer.WriteString("http", server.Http.GetLeftPart(UriPartial.Authority));
            writer.WriteString("grpc", server.Grpc.GetLeftPart(UriPartial.Authority));
            writer.WriteNumber("pid", Environment.ProcessId);
            writer.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(buffer.ToArray());
    }

    // Its own thread, because reading standard input may block for as long as the parent lives.
    private static void StopWithStandardInput(IHostApplicationLifetime lifetime)
    {
        var reader = new Thread(() =>
        {
            using var input = Console.OpenStandardInput();
            Span<byte> buffer = stackalloc byte[256];
            while (input.Read(buffer) > 0)
            {
            }

            lifetime.StopApplication();
        })
        {
            IsBackground = true,
            Name = "stdin",
        };
        reader.Start();
    }

    private static int Tell(int code, params string[] messages)
    {
        foreach (var message in messages)
            Console.Error.WriteLine($"hybrid-worker: {message}");
        return code;
    }
}
