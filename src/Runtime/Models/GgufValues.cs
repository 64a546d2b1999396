namespace Hybrid.Models;

/// <summary>The metadata of a GGUF file: scalars as they are, arrays of text as lists, other arrays as their lengths.</summary>
internal sealed class GgufValues
{
    private readonly Dictionary<string, object> _values = new(StringComparer.Ordinal);

    private enum Kind : uint
    {
        UInt8, Int8, UInt16, Int16, UInt32, Int32, Float32, Bool, Text, Array, UInt64, Int64, Float64,
    }

    /// <summary>The length of an array whose items are not kept, and the sum of those that are whole numbers.</summary>
    public sealed record Items(int Count, long Sum);

    /// <summary>Equal where the same text has the same ids and the same ids the same text; null where there is no vocabulary.</summary>
    public string? VocabularyFingerprint { get; private set; }

    public static GgufValues Read(GgufReader reader, int count)
    {
        var read = new GgufValues();
        using var vocabulary = new VocabularyDigest();
        for (var i = 0; i < count; i++)
        {
            var key = reader.Text("a key");
            reader.Digest = VocabularyDigest.Covers(key) ? vocabulary : null;
            if (!read._values.TryAdd(key, Value(reader, (Kind)reader.UInt32(), key, depth: 0)))
                throw reader.Error($"key '{key}' is there twice");
            if (reader.Digest is null)
                continue;
            vocabulary.End(key);
            reader.Digest = null;
        }

        read.VocabularyFingerprint = read.Texts("tokenizer.ggml.tokens") is null ? null : vocabulary.ToFingerprint();
        return read;
    }

    public string? Text(string key) => _values.GetValueOrDefault(key) as string;

    public IReadOnlyList<string>? Texts(string key) => _values.GetValueOrDefault(key) as string[];

    public long? Number(string key) => _values.GetValueOrDefault(key) is long number ? number : null;

    /// <summary>The length of any array; null where there is none.</summary>
    public int? Length(string key) => _values.GetValueOrDefault(key) switch
    {
        string[] texts => texts.Length,
        Items items => items.Count,
        _ => null,
    };

    /// <summary>The sum over the layers of a number that is one for all or a list with one for each; null where it is neither.</summary>
    public long? Sum(string key, long layers) => _values.GetValueOrDefault(key) switch
    {
        long number => number * layers,
        Items items => items.Sum,
        _ => null,
    };

    private static object Value(GgufReader reader, Kind kind, string key, int depth)
    {
        switch (kind)
        {
            case Kind.UInt8 or Kind.Int8 or Kind.Bool: return (long)reader.Byte();
            case Kind.UInt16 or Kind.Int16: return (long)(reader.Byte() | (reader.Byte() << 8));
            case Kind.UInt32: return (long)reader.UInt32();
            case Kind.Int32: return (long)(int)reader.UInt32();
            case Kind.Float32: return (double)BitConverter.UInt32BitsToSingle(reader.UInt32());
            case Kind.Float64: return BitConverter.UInt64BitsToDouble(reader.UInt64());
            case Kind.UInt64 or Kind.Int64: return unchecked((long)reader.UInt64());
            case Kind.Text: return reader.Text($"the value of '{key}'");
            case Kind.Array when depth < 4:
                var inner = (Kind)reader.UInt32();
                var count = reader.Count($"items of '{key}'", inner is Kind.Text ? 8 : inner is Kind.Array ? 12 : 1);
                if (inner is Kind.Text)
                {
                    var texts = new string[count];
                    for (var i = 0; i < count; i++)
                        texts[i] = reader.Text($"item {i} of '{key}'");
                    return texts;
                }

                var sum = 0L;
                for (var i = 0; i < count; i++)
                    sum = unchecked(sum + (Value(reader, inner, key, depth + 1) is long number ? number : 0));
                return new Items(count, sum);
            default:
                throw reader.Error($"key '{key}' has a value of unknown type {(uint)kind}");
        }
    }
}
