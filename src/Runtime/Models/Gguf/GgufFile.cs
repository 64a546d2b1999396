using System.Security.Cryptography;

namespace Hybrid.Models.Gguf;

/// <summary>What a GGUF file says of itself, after a check of its structure.</summary>
/// <remarks>The check comes before native code sees the file, because that ends the process on some damaged ones. Only a hash proves the weights.</remarks>
internal sealed class GgufFile
{
    private const uint Magic = 0x46554747; // "GGUF"
    private const int MostTensors = 1 << 16; // native code compares each name with each other one
    private const int MostValues = 1 << 14;
    private readonly GgufValues _values;

    private GgufFile(string path, long length, uint version, GgufValues values, GgufWeights weights, IReadOnlyList<GgufExtent> extents)
    {
        (Path, Length, Version, _values, Weights, Extents) = (path, length, version, values, weights, extents);
        Architecture = values.Text("general.architecture") ?? "";
        Split = GgufSplit.Of(values);
        Parts = [this];
    }

    public string Path { get; }

    public long Length { get; }

    public uint Version { get; }

    public string Architecture { get; }

    /// <summary>Of all parts.</summary>
    public GgufWeights Weights { get; private init; }

    /// <summary>Where the tensors of this part are, in their order.</summary>
    public IReadOnlyList<GgufExtent> Extents { get; }

    /// <summary>Which part of how many it is.</summary>
    public GgufSplit Split { get; }

    /// <summary>All parts, this one first.</summary>
    public IReadOnlyList<GgufFile> Parts { get; private init; }

    public long ParameterCount => Weights.Elements;

    public string? Name => _values.Text("general.name");

    public string? ChatTemplate => _values.Text("tokenizer.chat_template");

    public long ContextLength => _values.Number($"{Architecture}.context_length") ?? 0;

    public int VocabularySize => _values.Length("tokenizer.ggml.tokens") ?? 0;

    /// <inheritdoc cref="GgufValues.VocabularyFingerprint" />
    public string? VocabularyFingerprint => _values.VocabularyFingerprint;

    /// <summary>A whole number of this architecture, such as <c>embedding_length</c>; null where it is not there.</summary>
    public long? Number(string key) => _values.Number($"{Architecture}.{key}");

    /// <summary>Such a number summed over all layers.</summary>
    public long? SumOverLayers(string key) => _values.Sum($"{Architecture}.{key}", Number("block_count") ?? 0);

    /// <summary>Reads and checks the header; of a split model those of all parts.</summary>
    /// <exception cref="HybridException">It is no file, no GGUF, damaged, a part is missing, or llama.cpp v0.5.0 does not know its architecture.</exception>
    public static GgufFile Open(string path)
    {
        var first = OpenPart(path, isModel: true);
        if (first.Split.Count < 2)
            return first;
        var parts = first.Split.Join(first, other => OpenPart(other, isModel: false));
        return new(first.Path, first.Length, first.Version, first._values, GgufWeights.Sum(parts.Select(part => part.Weights)), first.Extents) { Parts = parts };
    }

    private static GgufFile OpenPart(string path, bool isModel)
    {
        if (Directory.Exists(path))
        {
            throw Refuse(path, File.Exists(System.IO.Path.Combine(path, "genai_config.json"))
                ? "it is a folder of ONNX Runtime GenAI, which llama.cpp cannot run; the adapter OnnxRuntimeGenAI takes it"
                : "it is a folder; name the GGUF file in it");
        }

        try
        {
            using var stream = new FileStream(path, new FileStreamOptions { BufferSize = 1 << 16 });
            return Read(stream, stream.Length, path, isModel);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Refuse(path, "it does not exist; check the path", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw Refuse(path, $"it cannot be read: {exception.Message}", exception);
        }
    }

    /// <summary>Reads one file; a part of a split model that is not the first has no rules for a model to keep.</summary>
    public static GgufFile Read(Stream stream, long length, string path, bool isModel = true)
    {
        if (length == 0)
            throw Refuse(path, "it is empty; fetch it again");
        var reader = new GgufReader(stream, length, path);
        if (path.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase))
            throw Refuse(path, "it is an ONNX file, which llama.cpp cannot run; the adapter OnnxRuntimeGenAI takes the folder that it is in, if that has a genai_config.json");
        if (length < 24 || reader.UInt32() is not Magic)
            throw Refuse(path, $"it does not begin with 'GGUF'{Looks(stream, length)}; use a model in GGUF format");
        var version = reader.UInt32();
        if (version is < 2 or > 3)
            throw Refuse(path, $"its GGUF version is {version}; versions 2 and 3 are understood");
        var tensors = reader.Count("tensors", 24, MostTensors);
        var values = GgufValues.Read(reader, reader.Count("metadata entries", 13, MostValues));
        GgufSplit.Check(values, reader, isModel);
        if (isModel)
            GgufModelRules.Check(values, reader);
        var (weights, extents) = GgufTensors.Check(values, reader, tensors, length);
        return new(path, length, version, values, weights, extents);
    }

    /// <summary>The file's digest in lower-case hexadecimal.</summary>
    public async Task<string> ComputeSha256Async(CancellationToken cancellationToken = default)
    {
        await using var stream = File.OpenRead(Path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken));
    }

    private static string Looks(Stream stream, long length)
    {
        if (!stream.CanSeek)
            return "";
        stream.Position = 0;
        var start = new byte[(int)Math.Min(length, 64)];
        stream.ReadExactly(start);
        if (start.AsSpan().StartsWith("PK"u8))
            return " (it looks like a zip archive)";
        if (start.Length > 9 && start[8] == '{')
            return " (it looks like safetensors)";
        return start.All(value => value is >= 32 and < 127 or 9 or 10 or 13) ? " (it looks like text)" : "";
    }

    private static HybridException Refuse(string path, string reason, Exception? inner = null) =>
        new(HybridError.ModelFile, $"Model file '{path}': {reason}. Nothing was loaded.", inner);
}
