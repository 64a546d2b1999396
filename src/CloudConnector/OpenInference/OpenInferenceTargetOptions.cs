using Hybrid.CloudConnector.Grpc;

namespace Hybrid.CloudConnector.OpenInference;

/// <summary>Where an inference server is, which of its models is asked, and how.</summary>
public sealed record OpenInferenceTargetOptions : GrpcTargetOptions
{
    /// <summary>The model's name at the server.</summary>
    /// <value>Null: the descriptor's model.</value>
    public string? ModelId { get; init; }

    /// <summary>The model's version at the server.</summary>
    /// <value>Empty: the server chooses.</value>
    public string ModelVersion { get; init; } = "";

    /// <summary>Whether answers are streamed by Triton's <c>ModelStreamInfer</c>; else <c>ModelInfer</c> gives the whole answer at once.</summary>
    /// <value>False</value>
    public bool Streaming { get; init; }

    /// <summary>The BYTES tensor that takes the prompt.</summary>
    /// <value><c>text_input</c></value>
    public string TextInput { get; init; } = "text_input";

    /// <summary>The BYTES tensor that holds the answer.</summary>
    /// <value><c>text_output</c></value>
    public string TextOutput { get; init; } = "text_output";

    /// <summary>A file with the model's chat template (Jinja), by which chats become text.</summary>
    /// <value>Null: only text is taken.</value>
    public string? ChatTemplatePath { get; init; }

    /// <summary>What the template writes for the start token.</summary>
    /// <value>Empty, as vLLM and most servers put it there themselves.</value>
    public string BosToken { get; init; } = "";

    /// <summary>What the template writes for the end token.</summary>
    /// <value>Empty</value>
    public string EosToken { get; init; } = "";

    /// <summary>Whose calls load and unload the model.</summary>
    /// <value><see cref="ModelRepository.None"/></value>
    public ModelRepository Repository { get; init; }

    /// <summary>Whether asking for its state leaves it asleep; false where any call wakes it, as with Knative's scale to zero.</summary>
    /// <value>True</value>
    public bool CanProbe { get; init; } = true;

    /// <summary>Longest message that is taken from the server, in bytes; 1024 to 1 GiB.</summary>
    /// <value>4 MiB</value>
    public int MaxMessageBytes { get; init; } = 4 * 1024 * 1024;

    internal string Model => ModelId ?? Descriptor.Model;

    /// <inheritdoc />
    internal override void Validate()
    {
        base.Validate();
        if (MaxMessageBytes is < 1024 or > 1 << 30)
            throw Error(nameof(MaxMessageBytes), $"{MaxMessageBytes} is out of range; use 1024 to {1 << 30}");
        foreach (var (key, name) in new[] { (nameof(TextInput), TextInput), (nameof(TextOutput), TextOutput), (nameof(ModelId), Model) })
        {
            if (string.IsNullOrWhiteSpace(name))
                throw Error(key, "it is empty");
        }
    }

    internal HybridException Wrong(string key, string reason) => Error(key, reason);
}
