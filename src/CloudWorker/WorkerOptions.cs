using Hybrid.CloudWorker.Hosting;

namespace Hybrid.CloudWorker;

/// <summary>The section <c>Hybrid:Worker</c>; the command line writes into the same keys and wins.</summary>
internal sealed class WorkerOptions
{
    public const string Section = "Hybrid:Worker";

    /// <summary>The GGUF file, as <c>PATH</c> or <c>ID=PATH</c>; the model of requests that name none.</summary>
    public string Model { get; set; } = "";

    /// <summary>More files, each as <c>PATH</c> or <c>ID=PATH</c>.</summary>
    public IList<string> Models { get; } = [];

    /// <summary>Memory that all models together may take, as <c>2GiB</c>; null: no limit.</summary>
    public string? MemoryBudget { get; set; }

    /// <summary>Idle time after which a model is unloaded, 0: at once; null: a model stays until another needs its room.</summary>
    public TimeSpan? KeepAlive { get; set; }

    /// <summary>The id of <see cref="Model"/> that clients ask for.</summary>
    /// <value>The file's name without its extension.</value>
    public string? Name { get; set; }

    /// <summary>The address to listen on.</summary>
    public string Bind { get; set; } = "127.0.0.1";

    /// <summary>Port of the OpenAI API; 0 takes a free one.</summary>
    public int HttpPort { get; set; } = 8080;

    /// <summary>Port of gRPC; 0 takes a free one.</summary>
    public int GrpcPort { get; set; } = 8081;

    /// <summary>Threads that decode; 0: the engine chooses.</summary>
    public int Threads { get; set; }

    /// <summary>Requests decoded at once; 0: the engine chooses.</summary>
    public int Slots { get; set; }

    /// <summary>Tokens that the KV cache holds for all requests together; 0: the engine chooses.</summary>
    public int KvTokens { get; set; }

    /// <summary>Path of a smaller GGUF file with the vocabulary of <see cref="Model"/> that drafts for it; null: none.</summary>
    public string? DraftModel { get; set; }

    /// <summary>Tokens of context per request; 0: what the model was trained with.</summary>
    public int Context { get; set; }

    /// <summary>How hard the decode threads spin while they wait, 0 to 100; null: the engine chooses.</summary>
    public int? Poll { get; set; }

    /// <summary>Requests that may wait; one more is refused as busy.</summary>
    public int Queue { get; set; } = 64;

    /// <summary>Set: the worker starts cold like a pool scaled to zero, and loading takes at least this long.</summary>
    public TimeSpan? ColdStart { get; set; }

    /// <summary>Idle time after which a worker with a cold start unloads again; null: never.</summary>
    public TimeSpan? ScaleToZeroAfter { get; set; }

    /// <summary>How long running streams may go on after the worker was asked to stop.</summary>
    public TimeSpan ShutdownGrace { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>Largest request in bytes.</summary>
    public int MaxRequestBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>Bearer keys, any of which admits; none: no key is asked for.</summary>
    public IList<string> ApiKeys { get; } = [];

    /// <summary>The certificate; unset: plain text.</summary>
    public TlsOptions Tls { get; } = new();

    /// <summary>Allows an address beyond this machine without key and certificate.</summary>
    public bool Insecure { get; set; }

    /// <summary>Ends the worker when its standard input ends, so that it never outlives its parent.</summary>
    public bool ExitWithStdin { get; set; }

    /// <summary>The models, the default first.</summary>
    public IReadOnlyList<ServedModel> Served => [First, .. Models.Select(ServedModel.Parse)];

    private ServedModel First => ServedModel.Parse(Model) is var model && Name is { } name ? model with { Id = name } : model;
}

/// <summary>Where the certificate of the worker comes from.</summary>
internal sealed class TlsOptions
{
    /// <summary>A PEM file, or a PKCS#12 file where <see cref="KeyPath"/> is unset.</summary>
    public string? CertificatePath { get; set; }

    /// <summary>The PEM file of the private key.</summary>
    public string? KeyPath { get; set; }

    /// <summary>Opens an encrypted key or PKCS#12 file.</summary>
    public string? Password { get; set; }

    public bool Enabled => !string.IsNullOrEmpty(CertificatePath);
}
