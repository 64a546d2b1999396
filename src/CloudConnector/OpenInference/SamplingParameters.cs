using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Hybrid.CloudConnector.OpenInference.Protocol;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.OpenInference;

/// <summary>Sampling under vLLM's names, which servers of text take: as JSON, or as parameters of the request.</summary>
internal static class SamplingParameters
{
    /// <summary>Where a request sets no limit: vLLM would stop after 16 tokens if it were told of none.</summary>
    private const int NoLimit = 1 << 20;

    public static JsonObject Of(DecodeRequest request, TargetDescriptor descriptor)
    {
        var sampling = request.Sampling;
        var parameters = new JsonObject
        {
            ["temperature"] = sampling.Temperature,
            ["top_k"] = sampling.TopK == 0 ? -1 : sampling.TopK,
            ["top_p"] = sampling.TopP,
            ["min_p"] = sampling.MinP,
            ["repetition_penalty"] = sampling.RepetitionPenalty,
            ["frequency_penalty"] = sampling.FrequencyPenalty,
            ["presence_penalty"] = sampling.PresencePenalty,
            ["max_tokens"] = request.MaxTokens ?? Math.Min(descriptor.ContextLength, NoLimit),
        };
        if (sampling.Seed is { } seed)
            parameters["seed"] = seed;
        if (request.StopSequences.Count > 0)
            parameters["stop"] = new JsonArray([.. request.StopSequences.Select(stop => JsonValue.Create(stop))]);
        if (Guide(request.Format) is { } guide)
            parameters["guided_decoding"] = guide; // JSON within JSON: older backends take it no other way
        return parameters;
    }

    /// <summary>The same as parameters of a request, which are single values: stop strings are then left to this side.</summary>
    public static IEnumerable<(string Name, InferParameter Value)> AsParameters(JsonObject parameters)
    {
        foreach (var (name, value) in parameters)
        {
            switch (value!.GetValueKind())
            {
                case JsonValueKind.String:
                    yield return (name, new() { StringParam = value.GetValue<string>() });
                    break;
                case JsonValueKind.Number when value.AsValue().TryGetValue(out int whole):
                    yield return (name, new() { Int64Param = whole });
                    break;
                case JsonValueKind.Number when value.AsValue().TryGetValue(out long whole):
                    yield return (name, new() { Int64Param = whole });
                    break;
                case JsonValueKind.Number:
                    yield return (name, new() { DoubleParam = double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture) }); // 0.8, not 0.800000012
                    break;
            }
        }
    }

    private static string? Guide(OutputFormat? format) => format switch
    {
        JsonOutput => new JsonObject { ["json_object"] = true }.ToJsonString(),
        JsonSchemaOutput schema => new JsonObject { ["json"] = Parse(schema.Schema) }.ToJsonString(),
        GrammarOutput grammar => new JsonObject { ["grammar"] = grammar.Grammar }.ToJsonString(),
        _ => null,
    };

    private static JsonNode? Parse(string schema)
    {
        try
        {
            return JsonNode.Parse(schema);
        }
        catch (JsonException fault)
        {
            throw new HybridException(HybridError.InvalidRequest, "The JSON schema of the output format is no JSON. Nothing was sent.", fault);
        }
    }
}
