using System.Text.Json;
using Hybrid.CloudWorker.Hosting;
using Hybrid.Protocol;
using Hybrid.Targets;

namespace Hybrid.CloudWorker.OpenAi;

/// <summary>What chat and text completions have in common: model, sampling, limits, stream, headers.</summary>
internal sealed record CommonFields
{
    public const string PrivacyHeader = "X-Hybrid-Privacy";
    public const string DeadlineHeader = "X-Hybrid-Deadline-Milliseconds";

    public required string Id { get; init; }
    public required bool Stream { get; init; }
    public required bool IncludeUsage { get; init; }
    public required ModelHost Model { get; init; }
    public required DecodeRequest Request { get; init; }

    /// <summary>Reads the fields; the prompt comes from the endpoint, which knows its shape.</summary>
    public static CommonFields Read(HttpContext context, RequestFields fields, ModelHosts models, string idPrefix, Prompt prompt, string continuation, DateTimeOffset now)
    {
        var model = ReadModel(fields, models);
        var stream = fields.Flag("stream") ?? false;
        var usage = ReadStreamOptions(fields, stream);
        var id = idPrefix + Guid.NewGuid().ToString("N");
        var request = new DecodeRequest
        {
            Prompt = prompt,
            Continuation = continuation,
            Sampling = ReadSampling(fields),
            MaxTokens = ReadMaxTokens(fields),
            StopSequences = ReadStop(fields),
            Format = FormatFields.Read(fields),
            Privacy = ReadPrivacy(context),
            Deadline = ReadDeadline(context, now),
            Id = id,
        };
        fields.Only("n", value => IsNumber(value, 1));
        fields.Only("logprobs", value => value.ValueKind == JsonValueKind.False);
        fields.Only("logit_bias", value => value.ValueKind == JsonValueKind.Object && !value.EnumerateObject().Any());
        fields.Only("store", value => value.ValueKind == JsonValueKind.False);
        fields.Only("service_tier", value => value.ValueKind == JsonValueKind.String && value.GetString() is "auto" or "default");
        fields.Ignore("user", "metadata", "safety_identifier", "prompt_cache_key");
        fields.RefuseRest();
        return new CommonFields { Id = id, Stream = stream, IncludeUsage = usage, Model = model, Request = request };
    }

    /// <summary>The model that the request names; the default where it names none.</summary>
    public static ModelHost ReadModel(RequestFields fields, ModelHosts models)
    {
        var id = fields.Text("model");
        return (id is null ? models.Default : models.Find(id)) ?? throw UnknownModel(models, id);
    }

    public static OpenAiException UnknownModel(ModelHosts models, string? id) =>
        new(StatusCodes.Status404NotFound, models.Unknown(id), "model", "model_not_found");

    public static bool IsNumber(JsonElement value, int wanted) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number == wanted;

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

    private static PrivacyClass ReadPrivacy(HttpContext context) =>
        DecodeMapping.PrivacyFromName(context.Request.Headers[PrivacyHeader].ToString());

    private static DateTimeOffset? ReadDeadline(HttpContext context, DateTimeOffset now)
    {
        var header = context.Request.Headers[DeadlineHeader].ToString();
        if (header.Length == 0)
            return null;
        if (!int.TryParse(header, out var milliseconds) || milliseconds < 1)
            throw new OpenAiException(StatusCodes.Status400BadRequest, $"{DeadlineHeader} is '{header}'; it must be whole milliseconds, at least 1.");
        return now + TimeSpan.FromMilliseconds(milliseconds);
    }
}
