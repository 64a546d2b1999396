using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Hybrid.OpenAi;

/// <summary>Writes the bodies of the OpenAI API without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ErrorBody))]
[JsonSerializable(typeof(ChatCompletion))]
[JsonSerializable(typeof(TextCompletion))]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(ModelEntry))]
[JsonSerializable(typeof(HealthBody))]
[JsonSerializable(typeof(AboutBody))]
[JsonSerializable(typeof(EmbeddingUsage))]
[JsonSerializable(typeof(AnswerNote))]
internal sealed partial class OpenAiJson : JsonSerializerContext
{
    /// <summary>With text as it is, not as ASCII escapes: bodies are JSON, never put into HTML.</summary>
    public static OpenAiJson Wire => _wire ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    // Made on first use: the generated half of this class may not be initialised before.
    private static OpenAiJson? _wire;
}
