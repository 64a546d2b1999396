using Hybrid.CloudConnector.Grpc;
using Hybrid.Configuration;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.OpenInference;

/// <summary>Makes the pools of type <c>triton</c>, whose answers stream.</summary>
internal sealed class TritonTargetFactory(TimeProvider time, GrpcStarterSource? calls = null) : ITargetFactory
{
    public string Type => "triton";

    public ITarget Create(PoolOptions options) => OpenInferenceTargetFactory.Create(options, streaming: true, time, calls);
}
