using System.Buffers.Binary;
using Hybrid.Models.Gguf;

namespace Hybrid.Tests.Models.Gguf;

/// <summary>Damages a header in the ways that files are damaged, by chance and by malice.</summary>
internal static class GgufMutations
{
    private static readonly ulong[] Extremes =
    [
        0, 1, 2, 3, 4, 5, 7, 8, 9, 13, 16, 31, 32, 33, 63, 64, 65, 127, 128, 255, 256, 257, 260, 261, 262, 512, 513, 1024, 1025, 65_535, 65_536, 1 << 20, 1 << 24, int.MaxValue,
        1UL << 31, uint.MaxValue, 1UL << 32, 1UL << 62, long.MaxValue, 1UL << 63, ulong.MaxValue, ulong.MaxValue - 31,
    ];

    private static readonly string[] Architectures = [.. GgufArchitectures.All.Order(StringComparer.Ordinal)];

    // What llama.cpp reads and the tiny model does not say.
    private static readonly string[] Other =
    [
        "expert_group_count", "expert_group_used_count", "expert_shared_count", "expert_weights_scale", "expert_gating_func", "expert_feed_forward_length", "leading_dense_block_count",
        "moe_every_n_layers", "nextn_predict_layers", "pooling_type", "attention.causal", "attention.sliding_window", "attention.sliding_window_pattern", "attention.clamp_kqv",
        "attention.max_alibi_bias", "attention.layer_norm_epsilon", "attention.group_norm_groups", "attention.q_lora_rank", "attention.kv_lora_rank", "attention.key_length_mla",
        "attention.value_length_mla", "attention.relative_buckets_count", "attention.scale", "attention.indexer.head_count", "attention.indexer.key_length", "attention.indexer.top_k",
        "rope.dimension_sections", "rope.scaling.original_context_length", "rope.scaling.attn_factor", "rope.scaling.yarn_log_multiplier", "rope.dimension_count_swa",
        "ssm.conv_kernel", "ssm.inner_size", "ssm.state_size", "ssm.time_step_rank", "ssm.group_count", "wkv.head_size", "token_shift_count", "embedding_length_out",
        "embedding_length_per_layer_input", "logit_scale", "residual_scale", "embedding_scale", "full_attention_interval", "decoder_block_count", "decoder_start_token_id",
        "feed_forward_length", "block_count", "vocab_size", "use_parallel_residual", "classifier.output_labels", "shortconv.l_cache", "altup.num_inputs", "attention.shared_kv_layers",
    ];

    private static readonly (string Key, string[] Values)[] Words =
    [
        ("tokenizer.ggml.model", ["llama", "bert", "gpt2", "t5", "rwkv", "test", "plamo2", "gemma4", "no_vocab", "none", "hybriddna", "whitespace", ""]),
        ("tokenizer.ggml.pre", ["default", "llama-bpe", "qwen2", "kimi-k2", "phi-2", "gemma4", "tekken", "gpt-4o", "falcon", ""]),
        ("general.name", ["phi-3", "modern-bert", ""]),
    ];

    public static byte[] Mutate(TinyModel model, Random random)
    {
        if (random.Next(2) == 0)
            model = TinyModel.Create(Reworded(random));
        var bytes = model.Bytes.ToArray();
        for (var left = random.Next(model.IsWhole ? 1 : 0, 4); left > 0; left--)
            bytes = One(model, bytes, random);
        return bytes;
    }

    private static byte[] One(TinyModel model, byte[] bytes, Random random)
    {
        switch (random.Next(10))
        {
            case 0:
                return Flip(bytes, random.Next(Math.Min(model.Data, bytes.Length)), random);
            case 1:
                return Set(bytes, Pick(model, random, TinyModel.Kind.Count, TinyModel.Kind.Length), random);
            case 2:
                return Set(bytes, Pick(model, random, TinyModel.Kind.Dimension, TinyModel.Kind.Offset, TinyModel.Kind.Type), random);
            case 3:
                return bytes[..random.Next(bytes.Length + 1)];
            case 4:
                return Splice(bytes, random);
            case 5:
                return Duplicate(model, bytes, random);
            case 6:
                var text = Pick(model, random, TinyModel.Kind.Text);
                return Flip(bytes, text.At + random.Next(text.Size), random);
            default:
                return Set(bytes, Scalar(model, random), random);
        }
    }

    /// <summary>The metadata of another model: other keys, other values, another architecture.</summary>
    private static List<(string Key, uint Type, object Value)> Reworded(Random random)
    {
        var values = TinyModel.Values().ToList();
        void Put(string key, uint type, object value)
        {
            values.RemoveAll(one => one.Key == key);
            values.Add((key, type, value));
        }

        for (var left = random.Next(4); left > 0; left--)
        {
            var (type, value) = Any(random);
            Put("llama." + Other[random.Next(Other.Length)], type, value);
        }

        if (random.Next(4) == 0)
        {
            var (key, words) = Words[random.Next(Words.Length)];
            Put(key, 8, words[random.Next(words.Length)]);
        }

        if (random.Next(4) == 0)
            values.RemoveAt(random.Next(values.Count));
        if (random.Next(3) == 0)
        {
            var architecture = Architectures[random.Next(Architectures.Length)];
            return [.. values.Select(one => one.Key == "general.architecture" ? (one.Key, one.Type, architecture)
                : one.Key.StartsWith("llama.", StringComparison.Ordinal) ? (architecture + one.Key[5..], one.Type, one.Value) : one)];
        }

        return values;
    }

    private static (uint Type, object Value) Any(Random random)
    {
        var number = Extremes[random.Next(Extremes.Length)];
        return random.Next(8) switch
        {
            0 => (6, random.Next(3) == 0 ? float.NaN : BitConverter.UInt32BitsToSingle((uint)random.NextInt64())),
            1 => (7, random.Next(2) == 0),
            2 => (9, (int[])[.. Enumerable.Range(0, random.Next(5)).Select(_ => (int)Extremes[random.Next(Extremes.Length)])]),
            3 => (9, (string[])["a", "b"]),
            _ => (4, (uint)number),
        };
    }

    private static TinyModel.Field Pick(TinyModel model, Random random, params TinyModel.Kind[] kinds)
    {
        var fields = model.Fields.Where(field => kinds.Contains(field.Kind)).ToArray();
        return fields[random.Next(fields.Length)];
    }

    /// <summary>The value of an entry: the few hundred of the lists are picked no more often than one of the others.</summary>
    private static TinyModel.Field Scalar(TinyModel model, Random random)
    {
        var (from, to) = model.Entries[random.Next(model.Entries.Count)];
        var values = model.Fields.Where(field => field.At >= from && field.At < to && field.Kind is TinyModel.Kind.Value).ToArray();
        return values.Length == 0 ? Pick(model, random, TinyModel.Kind.Value) : values[random.Next(values.Length)];
    }

    private static byte[] Flip(byte[] bytes, int at, Random random)
    {
        if (at < bytes.Length)
            bytes[at] ^= (byte)(1 << random.Next(8));
        return bytes;
    }

    private static byte[] Set(byte[] bytes, TinyModel.Field field, Random random)
    {
        if (field.At + field.Size > bytes.Length)
            return bytes;
        Span<byte> value = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(value, random.Next(4) == 0 ? (ulong)random.NextInt64() >> random.Next(64) : Extremes[random.Next(Extremes.Length)]);
        value[..Math.Min(8, field.Size)].CopyTo(bytes.AsSpan(field.At));
        return bytes;
    }

    private static byte[] Splice(byte[] bytes, Random random)
    {
        if (bytes.Length < 2)
            return bytes;
        var (from, to, length) = (random.Next(bytes.Length), random.Next(bytes.Length), random.Next(1, 64));
        var piece = bytes.AsSpan(from, Math.Min(length, bytes.Length - from)).ToArray();
        return random.Next(3) switch
        {
            0 => [.. bytes[..to], .. piece, .. bytes[to..]],
            1 => [.. bytes[..from], .. bytes[(from + piece.Length)..]],
            _ => [.. bytes[..to], .. piece.Take(bytes.Length - to), .. bytes[Math.Min(bytes.Length, to + piece.Length)..]],
        };
    }

    private static byte[] Duplicate(TinyModel model, byte[] bytes, Random random)
    {
        var (from, to) = model.Entries[random.Next(model.Entries.Count)];
        if (to > bytes.Length)
            return bytes;
        byte[] twice = [.. bytes[..to], .. bytes[from..to], .. bytes[to..]];
        if (random.Next(2) == 0)
            BinaryPrimitives.WriteUInt64LittleEndian(twice.AsSpan(16), (ulong)model.Entries.Count + 1);
        return twice;
    }
}
