using System.Text.Json;

namespace Hybrid.Adapters.OnnxRuntimeGenAI;

/// <summary>A folder with a model of ONNX Runtime GenAI, looked at before native code sees it.</summary>
/// <param name="Path">The folder, in full.</param>
/// <param name="ContextLength">Tokens that the model was made for.</param>
internal sealed record ModelFolder(string Path, int ContextLength)
{
    private const string Configuration = "genai_config.json";

    /// <exception cref="HybridException">It is something else, or its configuration cannot be read (<see cref="HybridError.ModelFile"/>).</exception>
    public static ModelFolder Open(string path)
    {
        var full = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));
        if (full.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))
            throw Wrong(full, "is a GGUF file, which ONNX Runtime GenAI cannot run; the llama.cpp engine in the box takes it (leave AddOnnxRuntimeGenAI out), or the LLamaSharp adapter");
        if (File.Exists(full))
            throw Wrong(full, $"is a file; give the folder that has the model and its {Configuration}");
        if (!Directory.Exists(full))
            throw Wrong(full, "is not there; check the path");
        var configuration = System.IO.Path.Combine(full, Configuration);
        if (!File.Exists(configuration))
            throw Wrong(full, $"has no {Configuration}, so it is no model of ONNX Runtime GenAI; make one with its model builder. A GGUF file is for the llama.cpp engine in the box");
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(configuration));
            return new(full, json.RootElement.GetProperty("model").GetProperty("context_length").GetInt32());
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw Wrong(full, $"has a {Configuration} that cannot be read ({exception.Message.TrimEnd('.')}); fetch it again", exception);
        }
    }

    private static HybridException Wrong(string path, string what, Exception? inner = null) => new(HybridError.ModelFile, $"'{path}' {what}. Nothing was loaded.", inner);
}
