using Hybrid.Targets;

namespace Hybrid.Engines.Residency;

/// <summary>Keeps a model loaded until it is disposed, once.</summary>
internal readonly struct Lease(Residences models, Residence residence, ITarget target, bool counts) : IDisposable
{
    public ITarget Target => target;

    public void Dispose() => models.Release(residence, counts);
}
