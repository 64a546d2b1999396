using Hybrid.CloudConnector;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Hybrid.Cli;

/// <summary>The runtime as an app would have it, for the length of one command.</summary>
internal sealed class HybridHost : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    private HybridHost(ServiceProvider services)
    {
        _services = services;
        Client = services.GetRequiredService<HybridChatClient>();
    }

    public HybridChatClient Client { get; }

    public static HybridHost Start(IConfiguration configuration) => new(new ServiceCollection()
        .AddLogging(logging => logging.AddConfiguration(configuration.GetSection("Logging")).SetMinimumLevel(LogLevel.Warning)
            .AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace))
        .AddHybrid(configuration)
        .AddCloudConnector()
        .BuildServiceProvider());

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}
