using Hybrid.Accounting;
using Hybrid.CloudConnector;
using Hybrid.Configuration;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Targets;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Hybrid.Cli;

/// <summary>The runtime as an app would have it, for the length of one command.</summary>
internal sealed class HybridHost : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly Task _libraries;

    private HybridHost(ServiceProvider services, Task libraries)
    {
        (_services, _libraries) = (services, libraries);
        Client = services.GetRequiredService<HybridChatClient>();
    }

    public HybridChatClient Client { get; }

    /// <summary>What is configured.</summary>
    public HybridOptions Options => _services.GetRequiredService<IOptions<HybridOptions>>().Value;

    public ILoggerFactory Logging => _services.GetRequiredService<ILoggerFactory>();

    /// <summary>The runtime's services.</summary>
    public IServiceProvider Services => _services;

    /// <param name="configuration">What is configured.</param>
    /// <param name="more">Registers what only some verbs have.</param>
    public static HybridHost Start(IConfiguration configuration, Action<IServiceCollection>? more = null)
    {
        var libraries = LlamaSystem.LoadAheadAsync(configuration[$"{HybridOptions.Section}:Native:{nameof(LocalOptions.LlamaPath)}"]);
        var services = new ServiceCollection()
            .AddLogging(logging => CliLogging.Configure(logging, configuration))
            .AddHybrid(configuration)
            .AddCloudConnector();
        more?.Invoke(services);
        try
        {
            return new(services.BuildServiceProvider(), libraries);
        }
        catch
        {
            libraries.Wait();
            throw;
        }
    }

    /// <summary>Waits for the first word on the targets' grids, 2 s at most for each question: a command decides once, and at once.</summary>
    public ValueTask ReadyAsync(CancellationToken cancellationToken) => LiveFigures.ReadyAsync(
        _services.GetRequiredService<IGridIntensitySource>(), Client.GetService<IReadOnlyList<ITarget>>()!.Select(target => target.Descriptor), cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        await _libraries;
    }
}
