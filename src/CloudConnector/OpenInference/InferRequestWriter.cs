using System.Text.Encodings.Web;
using System.Text.Json;
using Google.Protobuf;
using Hybrid.CloudConnector.OpenInference.Protocol;
using Hybrid.Targets;
using Tensor = Hybrid.CloudConnector.OpenInference.Protocol.ModelInferRequest.Types.InferInputTensor;

namespace Hybrid.CloudConnector.OpenInference;

/// <summary>Writes a request as the tensors that a model takes.</summary>
internal static class InferRequestWriter
{
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static ModelInferRequest Write(DecodeRequest request, string prompt, ModelTensors model, OpenInferenceTargetOptions options)
    {
        var message = new ModelInferRequest { ModelName = options.Model, ModelVersion = options.ModelVersion, Id = request.Id };
        Text(options.TextInput, prompt);
        Flag(ModelTensors.Stream, options.Streaming);
        Flag(ModelTensors.WithoutInput, true);
        Flag(ModelTensors.WantsFinish, true);
        Flag(ModelTensors.WantsInputCount, true);
        Flag(ModelTensors.WantsOutputCount, true);
        var sampling = SamplingParameters.Of(request, options.Descriptor);
        if (model.Has(ModelTensors.Sampling))
        {
            Text(ModelTensors.Sampling, sampling.ToJsonString(Json));
        }
        else
        {
            foreach (var (name, value) in SamplingParameters.AsParameters(sampling))
                message.Parameters[name] = value;
        }

        if (options.Streaming)
            message.Parameters["triton_enable_empty_final_response"] = new() { BoolParam = true };
        return message;

        void Text(string name, string text) => Add(name, "BYTES", new() { BytesContents = { ByteString.CopyFromUtf8(text) } });

        void Flag(string name, bool value)
        {
            if (model.Has(name))
                Add(name, "BOOL", new() { BoolContents = { value } });
        }

        void Add(string name, string datatype, InferTensorContents contents) =>
            message.Inputs.Add(new Tensor { Name = name, Datatype = datatype, Shape = { model.ShapeOf(name) }, Contents = contents });
    }
}
