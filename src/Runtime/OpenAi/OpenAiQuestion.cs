using System.Text.Json;
using Hybrid.Targets;

namespace Hybrid.OpenAi;

/// <summary>A request of the OpenAI API, read whole: a field that nothing reads is refused.</summary>
/// <param name="Request">What is asked; who may see it and until when stand in headers.</param>
/// <param name="Model">The model that it names; null: none.</param>
/// <param name="Stream">Whether the answer is wanted piece by piece.</param>
/// <param name="IncludeUsage">Whether a stream ends with the usage.</param>
internal sealed record OpenAiQuestion(DecodeRequest Request, string? Model, bool Stream, bool IncludeUsage)
{
    /// <summary>Reads the body of <c>/v1/chat/completions</c>.</summary>
    /// <exception cref="OpenAiException">It cannot be answered as it is.</exception>
    public static OpenAiQuestion ReadChat(RequestFields fields)
    {
        var (prompt, continuation) = ChatFields.Read(fields);
        var (tools, choice) = ToolFields.Read(fields);
        var scores = ScoreFields.Read(fields);
        var read = Read(fields, prompt, continuation);
        return read with { Request = read.Request with { Tools = tools, ToolChoice = choice, LogProbabilities = scores } };
    }

    /// <summary>Reads the body of <c>/v1/completions</c>.</summary>
    /// <exception cref="OpenAiException">It cannot be answered as it is.</exception>
    public static OpenAiQuestion ReadCompletion(RequestFields fields) => Read(fields, CompletionFields.Read(fields), "");

    public static bool IsNumber(JsonElement value, int wanted) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number == wanted;

    private static OpenAiQuestion Read(RequestFields fields, Prompt prompt, string continuation)
    {
        var model = fields.Text("model");
        var stream = fields.Flag("stream") ?? false;
        var usage = ReadStreamOptions(fields, stream);
        var request = new DecodeRequest
        {
            Prompt = prompt,
            Continuation = continuation,
            Sampling = ReadSampling(fields),
            MaxTokens = ReadMaxTokens(fields),
            StopSequences = ReadStop(fields),
            Format = FormatFields.Read(fields),
        };
        fields.Only("n", value => IsNumber(value, 1));
        fields.Only("logprobs", value => value.ValueKind == JsonValueKind.False);
        fields.Only("logit_bias", value => value.ValueKind == JsonValueKind.Object && !value.EnumerateObject().Any());
        fields.Only("store", value => value.ValueKind == JsonValueKind.False);
        fields.Only("service_tier", value => value.ValueKind == JsonValueKind.String && value.GetString() is "auto" or "default");
        fields.Ignore("user", "metadata", "safety_identifier", "prompt_cache_key");
        fields.RefuseRest();
        return new(request, model, stream, usage);
    }

    private static bool ReadStreamOptions(RequestFields fields, bool stream)
    {
        if (fields.Take("stream_options") is not { } value)
            return false;
        if (!stream)
            throw OpenAiException.Invalid("stream_options", "'stream_options' is only allowed when 'stream' is true.");
        if (value.ValueKind != JsonValueKind.Object)
            throw OpenAiException.Invalid("stream_options", "'stream_options' must be an object.");
        var options = new RequestFields(value);
        var include = options.Flag("include_usage") ?? false;
        options.Only("include_obfuscation", option => option.ValueKind == JsonValueKind.False);
        options.RefuseRest();
        return include;
    }

    private static SamplingOptions ReadSampling(RequestFields fields)
    {
        var options = SamplingOptions.Default;
        return options with
        {
            Temperature = fields.Number("temperature", 0, 2) ?? options.Temperature,
            TopP = fields.Number("top_p", float.Epsilon, 1) ?? options.TopP,
            TopK = (int?)fields.Whole("top_k", 0, int.MaxValue) ?? options.TopK,
            MinP = fields.Number("min_p", 0, 1) ?? options.MinP,
            RepetitionPenalty = fields.Number("repetition_penalty", float.Epsilon, 10) ?? options.RepetitionPenalty,
            FrequencyPenalty = fields.Number("frequency_penalty", -2, 2) ?? options.FrequencyPenalty,
            PresencePenalty = fields.Number("presence_penalty", -2, 2) ?? options.PresencePenalty,
            Seed = fields.Whole("seed", long.MinValue, long.MaxValue),
        };
    }

    private static int? ReadMaxTokens(RequestFields fields)
    {
        var older = fields.Whole("max_tokens", 1, int.MaxValue);
        var newer = fields.Whole("max_completion_tokens", 1, int.MaxValue);
        if (older is not null && newer is not null && older != newer)
            throw OpenAiException.Invalid("max_tokens", $"'max_tokens' is {older} and 'max_completion_tokens' is {newer}; set one.");
        return (int?)(newer ?? older);
    }

    private static IReadOnlyList<string> ReadStop(RequestFields fields)
    {
        if (fields.Take("stop") is not { } value)
            return [];
        JsonElement[] stops = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [value];
        if (stops.Length > 4 || stops.Any(stop => stop.ValueKind != JsonValueKind.String || stop.GetString()!.Length == 0))
            throw OpenAiException.Invalid("stop", "'stop' must be a string or an array of at most 4 strings, none empty.");
        return [.. stops.Select(stop => stop.GetString()!)];
    }
}
