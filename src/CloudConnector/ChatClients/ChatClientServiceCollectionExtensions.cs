using Hybrid.CloudConnector.ChatClients;
using Hybrid.Targets;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Hybrid.CloudConnector;

/// <summary>Registers chat clients as targets.</summary>
public static class ChatClientServiceCollectionExtensions
{
    /// <summary>Adds a chat client to the targets of <c>AddHybrid</c>, behind the configured ones.</summary>
    /// <param name="services">The collection.</param>
    /// <param name="descriptor">Name, model, zone, prices and what it can do.</param>
    /// <param name="client">Not disposed, unless the options say so.</param>
    /// <param name="options">What the client does not say of itself; null: as a hosted API usually is.</param>
    public static IServiceCollection AddHybridChatClientTarget(this IServiceCollection services, TargetDescriptor descriptor, IChatClient client, ChatClientTargetOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        return services.AddHybridChatClientTarget(descriptor, _ => client, options);
    }

    /// <summary>Adds a chat client that is made with the services, such as a keyed one, to the targets of <c>AddHybrid</c>.</summary>
    /// <param name="services">The collection.</param>
    /// <param name="descriptor">Name, model, zone, prices and what it can do.</param>
    /// <param name="client">Called once; must not ask for the unkeyed <see cref="IChatClient"/>, which is the one over all targets.</param>
    /// <param name="options">What the client does not say of itself; null: as a hosted API usually is.</param>
    public static IServiceCollection AddHybridChatClientTarget(
        this IServiceCollection services, TargetDescriptor descriptor, Func<IServiceProvider, IChatClient> client, ChatClientTargetOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(descriptor);
        ArgumentNullException.ThrowIfNull(client);
        options ??= new();
        options.Validate(descriptor.Name);
        services.TryAddSingleton(TimeProvider.System);
        return services.AddSingleton(new AddedTarget(provider => new ChatClientTarget(descriptor, client(provider), options, provider.GetRequiredService<TimeProvider>())));
    }
}
