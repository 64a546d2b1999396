using Hybrid.Targets;

namespace Hybrid.CloudConnector.Grpc;

/// <summary>Where a pool answers gRPC and how long to wait for it.</summary>
public abstract record GrpcTargetOptions
{
    private protected GrpcTargetOptions()
    {
    }

    /// <summary>The pool's gRPC address: <c>http://</c> (HTTP/2 with prior knowledge) or <c>https://</c>.</summary>
    public required Uri Endpoint { get; init; }

    /// <summary>Name, model, zone, prices and stated rates.</summary>
    public required TargetDescriptor Descriptor { get; init; }

    /// <summary>Bearer key; never logged.</summary>
    /// <value>Null: none is sent.</value>
    public string? ApiKey { get; init; }

    /// <summary>A PEM file with the only authority that the pool's certificate is checked against.</summary>
    /// <value>Null: the authorities of the machine.</value>
    public string? CertificateAuthorityPath { get; init; }

    /// <summary>Longest wait for a connection; above zero.</summary>
    /// <value>5 seconds</value>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest silence between two updates once the answer began; above zero.</summary>
    /// <value>30 seconds</value>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest wait for the first update, a cold start included; above zero.</summary>
    /// <value>3 minutes</value>
    public TimeSpan FirstUpdateTimeout { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>How long a failed pool is not tried; above zero.</summary>
    /// <value>10 seconds</value>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>What calls go through.</summary>
    /// <value>Null: connections of the target's own.</value>
    internal GrpcStarter? Starter { get; init; }

    /// <summary>The pool's name and address; not the key.</summary>
    public sealed override string ToString() => $"{Descriptor.Name} ({Endpoint})";

    /// <exception cref="HybridException">An option cannot be used; the message names it (<see cref="HybridError.Configuration"/>).</exception>
    internal virtual void Validate()
    {
        if (!Endpoint.IsAbsoluteUri || Endpoint.Scheme is not ("http" or "https"))
            throw Error(nameof(Endpoint), $"'{Endpoint}' is not an address; write http://HOST:PORT or https://HOST:PORT");
        foreach (var (name, time) in new[] { (nameof(ConnectTimeout), ConnectTimeout), (nameof(IdleTimeout), IdleTimeout), (nameof(FirstUpdateTimeout), FirstUpdateTimeout), (nameof(RetryAfter), RetryAfter) })
        {
            if (time <= TimeSpan.Zero || time > TimeSpan.FromDays(1))
                throw Error(name, $"{time} is out of range; use more than zero and at most a day");
        }
    }

    private protected HybridException Error(string key, string reason) =>
        new(HybridError.Configuration, $"Pool '{Descriptor.Name}', {key}: {reason}. Nothing was sent.");
}
