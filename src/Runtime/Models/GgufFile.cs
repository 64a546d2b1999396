using System.Security.Cryptography;

namespace Hybrid.Models;

/// <summary>What a GGUF file says of itself, after a check of its structure.</summary>
/// <remarks>The check comes before native code sees the file, because that ends the process on some damaged ones. Only a hash proves the weights.</remarks>
internal sealed class GgufFile
{
    private const uint Magic = 0x46554747; // "GGUF"
    private readonly GgufValues _values;

    private GgufFile(string path, long length, uint version, GgufValues values, GgufWeights weights)
    {
        (Path, Length, Version, _values, Weights) = (path, length, version, values, weights);
        Architecture = values.Text("general.architecture")!;
    }

    public string Path { get; }

    public long Length { get; }

    public uint Version { get; }

    public string Architecture { get; }

    public GgufWeights Weights { get; }

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

    /// <summary>Reads and checks the header.</summary>
    /// <exception cref="HybridException">It is no file, no GGUF, damaged, or of an architecture that llama.cpp v0.5.0 does not know.</exception>
    public static GgufFile Open(string path)
    {
        if (Directory.Exists(path))
            throw Refuse(path, "it is a folder; name the GGUF file in it");
        try
        {
            using var stream = new FileStream(path, new FileStreamOptions { BufferSize = 1 << 16 });
            return Read(stream, stream.Length, path);
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

    public static GgufFile Read(Stream stream, long length, string path)
    {
        if (length == 0)
            throw Refuse(path, "it is empty; fetch it again");
        var reader = new GgufReader(stream, length, path);
        if (length < 24 || reader.UInt32() is not Magic)
            throw Refuse(path, $"it does not begin with 'GGUF'{Looks(stream, length)}; use a model in GGUF format");
        var version = reader.UInt32();
        if (version is < 2 or > 3)
            throw Refuse(path, $"its GGUF version is {version}; versions 2 and 3 are understood");
        var tensors = reader.Count("tensors", 24);
        var values = GgufValues.Read(reader, reader.Count("metadata entries", 13));
        GgufModelRules.Check(values, reader);
        return new(path, length, version, values, GgufTensors.Check(values, reader, tensors, length));
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
