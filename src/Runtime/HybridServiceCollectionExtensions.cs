using Hybrid.Accounting;
using Hybrid.Accounting.Budgets;
using Hybrid.Configuration;
using Hybrid.Device;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Models.Prefetch;
using Hybrid.Network;
using Hybrid.Targets;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Hybrid;

/// <summary>Registers the runtime with a service collection.</summary>
public static partial class HybridServiceCollectionExtensions
{
    /// <summary>Registers <see cref="HybridChatClient"/> as the <see cref="IChatClient"/>, over the targets of section <c>Hybrid</c>.</summary>
    /// <remarks>
    /// A host checks the configuration at its start, an app without one when it first asks for the client: a
    /// <see cref="HybridException"/> of kind <see cref="HybridError.Configuration"/> lists every error with its key path.
    /// Policies follow later changes; a change that is wrong is logged and not taken. The client owns its targets.
    /// </remarks>
    /// <param name="services">The collection.</param>
    /// <param name="configuration">The root that holds the section <c>Hybrid</c>.</param>
    public static IServiceCollection AddHybrid(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);
        var section = configuration.GetSection(HybridOptions.Section);
        services.AddOptions();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<ILocalTargetFactory>(provider => new LlamaTargetFactory(
            provider.GetRequiredService<TimeProvider>(), provider.GetService<ILoggerFactory>()));
        services.AddSingleton<IConfigureOptions<HybridOptions>>(new HybridOptionsReader(section));
        services.AddSingleton<IOptionsChangeTokenSource<HybridOptions>>(new ConfigurationChangeTokenSource<HybridOptions>(section));
        services.TryAddSingleton(provider => new PolicySource(
            provider.GetRequiredService<IOptionsMonitor<HybridOptions>>(), Logger(provider)));
        services.TryAddSingleton(provider => GridReader.Make(
            provider.GetRequiredService<IOptionsMonitor<HybridOptions>>().CurrentValue.Grid, provider.GetRequiredService<TimeProvider>(), Logger(provider)));
        services.TryAddSingleton(provider => BudgetLedger.Open(
            provider.GetRequiredService<IOptionsMonitor<HybridOptions>>().CurrentValue.Budgets ?? new(), provider.GetRequiredService<TimeProvider>(), Logger(provider)));
        services.TryAddSingleton(MakeClient);
        services.TryAddSingleton<IChatClient>(provider => provider.GetRequiredService<HybridChatClient>());

        // A host runs this at its start. It is apart from HybridOptions so that a reload never runs it.
        services.AddOptions<StartCheck>()
            .Configure<IServiceProvider>((_, provider) => Check(provider))
            .ValidateOnStart();
        return services;
    }

    private static void Check(IServiceProvider provider) => TargetList.Check(
        provider.GetRequiredService<IOptionsMonitor<HybridOptions>>().CurrentValue,
        [.. provider.GetServices<ITargetFactory>()],
        provider.GetServices<AddedTarget>().Any());

    private static HybridChatClient MakeClient(IServiceProvider provider)
    {
        var time = provider.GetRequiredService<TimeProvider>();
        var options = provider.GetRequiredService<IOptionsMonitor<HybridOptions>>().CurrentValue;
        AddedTarget[] added = [.. provider.GetServices<AddedTarget>()];
        ITargetFactory[] factories = [.. provider.GetServices<ITargetFactory>()];
        TargetList.Check(options, factories, added.Length > 0);
        var local = LocalModels.Make(options, provider.GetRequiredService<ILocalTargetFactory>(), time, Logger(provider), provider.GetService<INetworkMonitor>());
        var targets = TargetList.Make(options, factories, local).Concat(added.Select(one => one.Make(provider)));
        foreach (var remark in PolicyRemarks.Of(options)) LogRemark(Logger(provider), remark);
        var source = provider.GetRequiredService<PolicySource>();
        ReceiptListener[] listeners = [.. provider.GetServices<ReceiptListener>()];
        return new HybridChatClient(targets, new()
        {
            TimeProvider = time,
            Logger = Logger(provider),
            Grid = provider.GetRequiredService<IGridIntensitySource>(),
            Network = provider.GetService<INetworkMonitor>(),
            Battery = provider.GetService<IBattery>(),
            Facts = provider.GetService<IDeviceFacts>() ?? new SystemFacts(time, provider.GetService<IBattery>(), options.Models?.Prefetch?.Link ?? LinkCost.Auto, provider.GetService<INetworkMonitor>()),
            MeasurePower = options.MeasurePower,
            OwnsTargets = true,
            Prefetcher = local.Prefetcher,
            PreWarm = [.. options.Pools.Values.Where(pool => pool.PreWarm).Select(pool => pool.Descriptor.Name)],
            Budgets = options.Budgets is null ? null : provider.GetRequiredService<BudgetLedger>(),
            PolicySource = () => source.Current,
            DecisionLog = options.DecisionLog,
            OnReceipt = listeners.Length == 0 ? null : receipt => Array.ForEach(listeners, listener => listener.Take(receipt)),
        });
    }

    private static ILogger Logger(IServiceProvider provider) =>
        provider.GetService<ILoggerFactory>()?.CreateLogger<HybridChatClient>() ?? (ILogger)NullLogger.Instance;

    [LoggerMessage(1203, LogLevel.Warning, "{Remark}.")]
    private static partial void LogRemark(ILogger logger, string remark);

    private sealed class StartCheck;
}
