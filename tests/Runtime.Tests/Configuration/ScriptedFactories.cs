using Hybrid.Configuration;
using Hybrid.Targets;

namespace Hybrid.Tests.Configuration;

/// <summary>Makes pools of type <c>worker</c> that say their own name.</summary>
internal sealed class ScriptedPools : ITargetFactory
{
    public List<ScriptedTarget> Made { get; } = [];

    public List<PoolOptions> Asked { get; } = [];

    public string Type => "worker";

    public ITarget Create(PoolOptions options)
    {
        Asked.Add(options);
        var target = new ScriptedTarget(options.Descriptor.Name, "from ", options.Descriptor.Name) { Descriptor = options.Descriptor };
        Made.Add(target);
        return target;
    }
}

/// <summary>Loads a local engine that says its own name.</summary>
internal sealed class ScriptedEngine : ILocalTargetFactory
{
    public List<LocalOptions> Asked { get; } = [];

    public List<ScriptedTarget> Made { get; } = [];

    public ValueTask<long> EstimateAsync(LocalOptions options, CancellationToken cancellationToken = default) => new(100);

    public ValueTask<ITarget> LoadAsync(LocalOptions options, CancellationToken cancellationToken = default)
    {
        Asked.Add(options);
        var target = new ScriptedTarget(options.Descriptor.Name, "from ", options.Descriptor.Name) { Descriptor = options.Descriptor };
        Made.Add(target);
        return new(target);
    }
}
