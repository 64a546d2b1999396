namespace Hybrid.CloudConnector.Grpc;

/// <summary>Gives what the calls to a pool go through; registered where not the client in the box should make them.</summary>
/// <exception cref="HybridException">An option cannot be kept that way (<see cref="HybridError.Configuration"/>).</exception>
internal delegate GrpcStarter GrpcStarterSource(GrpcTargetOptions options);
