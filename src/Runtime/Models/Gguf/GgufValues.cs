using System.Buffers.Binary;
using System.Text;

namespace Hybrid.Models.Gguf;

/// <summary>The types of GGUF's metadata.</summary>
internal enum GgufKind : uint
{
    UInt8, Int8, UInt16, Int16, UInt32, Int32, Float32, Bool, Text, Array, UInt64, Int64, Float64,
}

/// <summary>The metadata of a GGUF file: scalars as they are, arrays of text as lists, other arrays as their lengths.</summary>
internal sealed class GgufValues
{
    private const int LongestKey = 1024;
    private const int MostTexts = 1 << 22;
    private readonly Dictionary<string, object> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, GgufKind> _kinds = new(StringComparer.Ordinal);

    /// <summary>The length of an array whose items are not kept; of those that are whole numbers their sum and the largest.</summary>
    public sealed record Items(GgufKind Kind, int Count, long Sum, long Largest);

    /// <summary>Equal where the same text has the same ids and the same ids the same text; null where there is no vocabulary.</summary>
    public string? VocabularyFingerprint { get; private set; }

    public static GgufValues Read(GgufReader reader, int count)
    {
        var read = new GgufValues();
        using var vocabulary = new VocabularyDigest();
        for (var i = 0; i < count; i++)
        {
            var key = Key(reader);
            reader.Digest = VocabularyDigest.Covers(key) ? vocabulary : null;
            var kind = (GgufKind)reader.UInt32();
            if (!read._values.TryAdd(key, Value(reader, kind, key)))
                throw reader.Error($"key '{key}' is there twice");
            read._kinds[key] = kind;
            if (reader.Digest is null)
                continue;
            vocabulary.End(key);
            reader.Digest = null;
        }

        read.VocabularyFingerprint = read.Texts("tokenizer.ggml.tokens") is null ? null : vocabulary.ToFingerprint();
        return read;
    }

    /// <summary>The values with a fraction.</summary>
    public IEnumerable<(string Key, double Value)> Fractions => _values.Where(pair => pair.Value is double).Select(pair => (pair.Key, (double)pair.Value));

    public bool Has(string key) => _values.ContainsKey(key);

    /// <summary>The type of a value; null where there is none.</summary>
    public GgufKind? KindOf(string key) => _kinds.TryGetValue(key, out var kind) ? kind : null;

    public string? Text(string key) => _values.GetValueOrDefault(key) as string;

    public IReadOnlyList<string>? Texts(string key) => _values.GetValueOrDefault(key) as string[];

    public long? Number(string key) => _values.GetValueOrDefault(key) is long number ? number : null;

    /// <summary>A flag; null where there is none.</summary>
    public bool? Flag(string key) => KindOf(key) is GgufKind.Bool ? Number(key) != 0 : null;

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

    /// <summary>The largest over the layers of such a number.</summary>
    public long? Largest(string key) => _values.GetValueOrDefault(key) switch
    {
        long number => number,
        Items items => items.Largest,
        _ => null,
    };

    private static string Key(GgufReader reader)
    {
        var bytes = reader.UInt64();
        if (bytes is 0 or > LongestKey)
            throw reader.Error($"the length of a key at byte {reader.Position - 8} is {bytes}, not 1 to {LongestKey}");
        var key = reader.Bytes((int)bytes);
        // Native code reads a key up to its first zero, so that two that look different here could be one there.
        return key.IndexOfAnyExceptInRange((byte)'!', (byte)'~') < 0
            ? Encoding.ASCII.GetString(key)
            : throw reader.Error($"the key that ends at byte {reader.Position} is no printable word");
    }

    private static object Value(GgufReader reader, GgufKind kind, string key) => kind switch
    {
        GgufKind.UInt8 or GgufKind.Bool => (long)reader.Byte(),
        GgufKind.Int8 => (long)(sbyte)reader.Byte(),
        GgufKind.UInt16 => (long)reader.UInt16(),
        GgufKind.Int16 => (long)(short)reader.UInt16(),
        GgufKind.UInt32 => (long)reader.UInt32(),
        GgufKind.Int32 => (long)(int)reader.UInt32(),
        GgufKind.Float32 => (double)BitConverter.UInt32BitsToSingle(reader.UInt32()),
        GgufKind.Float64 => BitConverter.UInt64BitsToDouble(reader.UInt64()),
        GgufKind.UInt64 or GgufKind.Int64 => unchecked((long)reader.UInt64()),
        GgufKind.Text => reader.Text($"the value of '{key}'"),
        GgufKind.Array => Array(reader, (GgufKind)reader.UInt32(), key),
        _ => throw reader.Error($"key '{key}' has a value of unknown type {(uint)kind}"),
    };

    private static object Array(GgufReader reader, GgufKind kind, string key)
    {
        if (kind is GgufKind.Text)
        {
            var texts = new string[reader.Count($"items of '{key}'", 8, MostTexts)];
            for (var i = 0; i < texts.Length; i++)
                texts[i] = reader.Text($"item {i} of '{key}'");
            return texts;
        }

        var size = SizeOf(kind);
        if (size == 0)
            throw reader.Error($"key '{key}' has an array of unknown type {(uint)kind}");
        const int AtOnce = 8192;
        var count = reader.Count($"items of '{key}'", size);
        var (sum, largest) = (0L, 0L);
        for (var left = count; left > 0; left -= AtOnce)
        {
            var items = reader.Bytes(Math.Min(left, AtOnce) * size);
            for (var at = 0; at < items.Length; at += size)
            {
                var number = Number(kind, items[at..]);
                sum = unchecked(sum + number);
                largest = Math.Max(largest, number);
            }
        }

        return new Items(kind, count, sum, largest);
    }

    private static int SizeOf(GgufKind kind) => kind switch
    {
        GgufKind.UInt8 or GgufKind.Int8 or GgufKind.Bool => 1,
        GgufKind.UInt16 or GgufKind.Int16 => 2,
        GgufKind.UInt32 or GgufKind.Int32 or GgufKind.Float32 => 4,
        GgufKind.UInt64 or GgufKind.Int64 or GgufKind.Float64 => 8,
        _ => 0,
    };

    private static long Number(GgufKind kind, ReadOnlySpan<byte> bytes) => kind switch
    {
        GgufKind.UInt8 or GgufKind.Bool => bytes[0],
        GgufKind.Int8 => (sbyte)bytes[0],
        GgufKind.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
        GgufKind.Int16 => BinaryPrimitives.ReadInt16LittleEndian(bytes),
        GgufKind.UInt32 => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        GgufKind.Int32 => BinaryPrimitives.ReadInt32LittleEndian(bytes),
        GgufKind.UInt64 or GgufKind.Int64 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
        _ => 0,
    };
}
