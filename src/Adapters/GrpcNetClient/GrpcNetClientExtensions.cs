using Grpc.Core;
using Hybrid.CloudConnector.Grpc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Hybrid.Adapters.GrpcNetClient;

/// <summary>Has pools called through Grpc.Net.Client.</summary>
public static class GrpcNetClientExtensions
{
    /// <summary>Calls every pool of type <c>worker</c>, <c>openinference</c> and <c>triton</c> through Grpc.Net.Client.</summary>
    /// <param name="services">Those of <c>AddCloudConnector</c>.</param>
    /// <param name="calls">
    /// Gives the invoker for a pool's replica, whose channel stays the caller's to dispose; null: a channel for each address, with the
    /// options' authority and time to connect. An own channel should have <c>MaxReceiveMessageSize</c> null, for the options bound messages.
    /// </param>
    public static IServiceCollection AddGrpcNetClient(this IServiceCollection services, Func<GrpcTargetOptions, CallInvoker>? calls = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton<GrpcNetChannels>();
        services.TryAddSingleton<GrpcStarterSource>(provider =>
        {
            if (calls is not null)
                return options => Starter(options, calls(options));
            var channels = provider.GetRequiredService<GrpcNetChannels>();
            return options => new GrpcNetStarter(channels.Open(options).CreateCallInvoker(), options.ApiKey).StartAsync;
        });
        return services;
    }

    /// <summary>The same options with all calls through an invoker of the caller's, who disposes its channel after the target.</summary>
    /// <exception cref="HybridException"><see cref="GrpcTargetOptions.CertificateAuthorityPath"/> is set, which is the channel's business (<see cref="HybridError.Configuration"/>).</exception>
    public static T Over<T>(this T options, CallInvoker calls)
        where T : GrpcTargetOptions
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(calls);
        return (T)(options with { Starter = Starter(options, calls) });
    }

    private static GrpcStarter Starter(GrpcTargetOptions options, CallInvoker calls) => options.CertificateAuthorityPath is null
        ? new GrpcNetStarter(calls, options.ApiKey).StartAsync
        : throw new HybridException(HybridError.Configuration, $"Pool '{options.Descriptor.Name}', CertificateAuthorityPath: a channel of the app's checks certificates itself. Nothing was sent; leave it out and set the authority on the channel's handler.");
}
