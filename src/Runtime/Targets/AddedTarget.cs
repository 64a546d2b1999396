namespace Hybrid.Targets;

/// <summary>A target that code adds beside the configured ones; made once for each client, which disposes it.</summary>
internal sealed record AddedTarget(Func<IServiceProvider, ITarget> Make);
