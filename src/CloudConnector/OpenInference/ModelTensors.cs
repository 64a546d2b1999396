using Hybrid.CloudConnector.OpenInference.Protocol;

namespace Hybrid.CloudConnector.OpenInference;

/// <summary>Which inputs a model has, as its server says. Immutable.</summary>
internal sealed class ModelTensors
{
    public const string Stream = "stream";
    public const string Sampling = "sampling_parameters";
    public const string WithoutInput = "exclude_input_in_output";
    public const string WantsFinish = "return_finish_reason";
    public const string WantsInputCount = "return_num_input_tokens";
    public const string WantsOutputCount = "return_num_output_tokens";
    public const string Finish = "finish_reason";
    public const string InputCount = "num_input_tokens";
    public const string OutputCount = "num_output_tokens";
    private readonly Dictionary<string, int> _ranks;

    private ModelTensors(Dictionary<string, int> ranks) => _ranks = ranks;

    /// <summary>Of a server that gives no metadata: what the oldest of Triton's vLLM backends takes, or a text and nothing else.</summary>
    public static ModelTensors Assumed(OpenInferenceTargetOptions options) => new(
        (options.Streaming ? (string[])[options.TextInput, Stream, Sampling, WithoutInput] : [options.TextInput]).ToDictionary(name => name, _ => 1, StringComparer.Ordinal));

    /// <exception cref="HybridException">The model has no such tensors of text (<see cref="HybridError.Configuration"/>).</exception>
    public static ModelTensors Read(ModelMetadataResponse model, OpenInferenceTargetOptions options)
    {
        Check(model.Inputs, options.TextInput, nameof(options.TextInput), "input", options);
        Check(model.Outputs, options.TextOutput, nameof(options.TextOutput), "output", options);
        return new(model.Inputs.DistinctBy(tensor => tensor.Name, StringComparer.Ordinal).ToDictionary(tensor => tensor.Name, tensor => Math.Clamp(tensor.Shape.Count, 1, 8), StringComparer.Ordinal));
    }

    public bool Has(string input) => _ranks.ContainsKey(input);

    /// <summary>The shape of one element: a 1 for each dimension, a batch among them where the model has one.</summary>
    public IEnumerable<long> ShapeOf(string input) => Enumerable.Repeat(1L, _ranks[input]);

    private static void Check(IEnumerable<ModelMetadataResponse.Types.TensorMetadata> tensors, string name, string key, string kind, OpenInferenceTargetOptions options)
    {
        if (tensors.FirstOrDefault(tensor => tensor.Name == name) is not { } found)
            throw options.Wrong(key, $"model '{options.Model}' has no {kind} '{name}'; it has {string.Join(", ", tensors.Select(tensor => tensor.Name).Take(20))}");
        if (found.Datatype != "BYTES")
            throw options.Wrong(key, $"{kind} '{name}' of model '{options.Model}' is {found.Datatype}; text is BYTES");
    }
}
