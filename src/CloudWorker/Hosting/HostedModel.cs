using Hybrid.Engines.Residency;
using Hybrid.Targets;

namespace Hybrid.CloudWorker.Hosting;

/// <summary>What the worker needs to host a model.</summary>
/// <param name="Descriptor">What is known before the load; its model is the id that clients ask for.</param>
/// <param name="Load">Loads it.</param>
/// <param name="Estimate">Bytes that it will take; null: it counts as nothing.</param>
/// <param name="Digest">The SHA-256 of its file.</param>
internal sealed record HostedModel(
    TargetDescriptor Descriptor, Func<CancellationToken, Task<ITarget>> Load, Func<CancellationToken, ValueTask<long>>? Estimate, ModelDigest Digest)
{
    public ResidentModel ToResident(WorkerOptions options, TimeProvider time) => new()
    {
        Descriptor = Descriptor,
        EstimateAsync = Estimate,
        KeepAlive = options.KeepAlive ?? options.ScaleToZeroAfter,
        LoadAsync = async cancellationToken =>
        {
            var began = time.GetTimestamp();
            var target = await Load(cancellationToken);
            try
            {
                var left = (options.ColdStart ?? TimeSpan.Zero) - time.GetElapsedTime(began);
                if (left > TimeSpan.Zero)
                    await Task.Delay(left, time, cancellationToken);
                return target;
            }
            catch
            {
                await target.DisposeAsync();
                throw;
            }
        },
    };
}
