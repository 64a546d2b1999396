using System.Globalization;
using Hybrid.CloudConnector.Grpc;
using Hybrid.Configuration;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.Pools;

/// <summary>Makes the pools of type <c>worker</c>.</summary>
internal sealed class WorkerTargetFactory(TimeProvider time, GrpcStarterSource? calls = null) : ITargetFactory
{
    public string Type => "worker";

    public ITarget Create(PoolOptions options)
    {
        // What every worker can do, whatever its model.
        var descriptor = options.Descriptor with { Capabilities = options.Descriptor.Capabilities | TargetCapabilities.Json | TargetCapabilities.Grammar | TargetCapabilities.LogProbabilities };
        var read = new WorkerTargetOptions { Endpoint = options.Endpoint!, Descriptor = descriptor, ApiKey = options.ApiKey };
        foreach (var (key, text) in options.Settings)
        {
            if (key.Equals(nameof(WorkerTargetOptions.CertificateAuthorityPath), StringComparison.OrdinalIgnoreCase))
            {
                read = read with { CertificateAuthorityPath = text };
                continue;
            }

            if (key.Equals(nameof(WorkerTargetOptions.ModelId), StringComparison.OrdinalIgnoreCase))
            {
                read = read with { ModelId = text };
                continue;
            }

            var path = $"Hybrid:Pools:{options.Descriptor.Name}:Settings:{key}";
            if (!TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var value))
                throw new HybridException(HybridError.Configuration, $"{path}: '{text}' is not a time; write 00:00:30. Nothing was sent.");
            read = key.ToUpperInvariant() switch
            {
                "CONNECTTIMEOUT" => read with { ConnectTimeout = value },
                "IDLETIMEOUT" => read with { IdleTimeout = value },
                "FIRSTUPDATETIMEOUT" => read with { FirstUpdateTimeout = value },
                "RETRYAFTER" => read with { RetryAfter = value },
                _ => throw new HybridException(HybridError.Configuration, $"{path}: there is no such setting; use ModelId, CertificateAuthorityPath, ConnectTimeout, IdleTimeout, FirstUpdateTimeout or RetryAfter. Nothing was sent."),
            };
        }

        return new WorkerTarget(read with { Starter = calls?.Invoke(read) }, time);
    }
}
