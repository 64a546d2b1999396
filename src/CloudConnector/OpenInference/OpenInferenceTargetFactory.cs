using Hybrid.CloudConnector.Grpc;
using Hybrid.Configuration;
using Hybrid.Targets;
using Microsoft.Extensions.Configuration;

namespace Hybrid.CloudConnector.OpenInference;

/// <summary>Makes the pools of type <c>openinference</c>, whose answers come whole.</summary>
internal sealed class OpenInferenceTargetFactory(TimeProvider time, GrpcStarterSource? calls = null) : ITargetFactory
{
    public string Type => "openinference";

    public ITarget Create(PoolOptions options) => Create(options, streaming: false, time, calls);

    /// <exception cref="HybridException">Something cannot be used; the message gives every error with its key path.</exception>
    public static OpenInferenceTarget Create(PoolOptions options, bool streaming, TimeProvider time, GrpcStarterSource? calls)
    {
        var path = $"{HybridOptions.Section}:{nameof(HybridOptions.Pools)}:{options.Descriptor.Name}";
        List<string> errors = [];
        var settings = Settings(options, $"{path}:{nameof(options.Settings)}", errors);
        if (options.Endpoint is null)
            errors.Add($"{path}:{nameof(options.Endpoint)}: it is missing; give the server's gRPC address");
        if (options.Descriptor.Capabilities.HasFlag(TargetCapabilities.Tools))
            errors.Add($"{path}:Tools: an inference server takes no tools; leave it out");
        var read = new OpenInferenceTargetOptions
        {
            Endpoint = options.Endpoint ?? new Uri("http://missing"),
            Descriptor = options.Descriptor,
            ApiKey = options.ApiKey,
            Streaming = streaming,
            ModelId = settings.Text(nameof(OpenInferenceTargetOptions.ModelId)),
            ModelVersion = settings.Text(nameof(OpenInferenceTargetOptions.ModelVersion)) ?? "",
            ChatTemplatePath = settings.Text(nameof(OpenInferenceTargetOptions.ChatTemplatePath)) is { } template ? Path.GetFullPath(template, AppContext.BaseDirectory) : null,
            BosToken = settings.Text(nameof(OpenInferenceTargetOptions.BosToken)) ?? "",
            EosToken = settings.Text(nameof(OpenInferenceTargetOptions.EosToken)) ?? "",
            Repository = settings.Choice<ModelRepository>(nameof(OpenInferenceTargetOptions.Repository)) ?? ModelRepository.None,
            CanProbe = settings.Flag(nameof(OpenInferenceTargetOptions.CanProbe)) ?? true,
            CertificateAuthorityPath = settings.Text(nameof(OpenInferenceTargetOptions.CertificateAuthorityPath)),
        };
        read = read with
        {
            TextInput = settings.Text(nameof(read.TextInput)) ?? read.TextInput,
            TextOutput = settings.Text(nameof(read.TextOutput)) ?? read.TextOutput,
            MaxMessageBytes = settings.Whole(nameof(read.MaxMessageBytes)) ?? read.MaxMessageBytes,
            ConnectTimeout = settings.Time(nameof(read.ConnectTimeout)) ?? read.ConnectTimeout,
            IdleTimeout = settings.Time(nameof(read.IdleTimeout)) ?? read.IdleTimeout,
            FirstUpdateTimeout = settings.Time(nameof(read.FirstUpdateTimeout)) ?? read.FirstUpdateTimeout,
            RetryAfter = settings.Time(nameof(read.RetryAfter)) ?? read.RetryAfter,
            Descriptor = options.Descriptor with { Capabilities = Capabilities(options.Descriptor.Capabilities, read.ChatTemplatePath is not null) },
        };
        settings.RefuseUnknown();
        FigureRules.ThrowIfAny(errors);
        return new OpenInferenceTarget(read with { Starter = calls?.Invoke(read) }, time);
    }

    /// <summary>Text always; chats where there is a template for them.</summary>
    private static TargetCapabilities Capabilities(TargetCapabilities stated, bool hasTemplate) =>
        (stated & ~TargetCapabilities.Chat) | TargetCapabilities.Text | TargetCapabilities.Continuation | (hasTemplate ? TargetCapabilities.Chat : TargetCapabilities.None);

    private static SectionReader Settings(PoolOptions options, string path, List<string> errors) => new(
        new ConfigurationBuilder().AddInMemoryCollection(options.Settings.Select(pair => KeyValuePair.Create($"{path}:{pair.Key}", (string?)pair.Value))).Build().GetSection(path),
        errors);
}
