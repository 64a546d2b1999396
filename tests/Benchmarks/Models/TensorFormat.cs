using System.Runtime.InteropServices;

namespace Hybrid.Benchmarks.Models;

/// <summary>A way to store weights, and how random ones look in it.</summary>
/// <param name="Type">ggml's number of it.</param>
/// <param name="BlockElements">Elements that share a scale.</param>
/// <param name="BlockBytes">Bytes that they take, the scale included.</param>
internal abstract record TensorFormat(int Type, int BlockElements, int BlockBytes)
{
    // Uniform weights up to this give rows of 768 an output of about the input's size: far from overflow, far from nothing.
    private const float LargestWeight = 0.035f;

    public static TensorFormat F32 { get; } = new Floats();

    public static TensorFormat Q80 { get; } = new Q8();

    public static TensorFormat Q40 { get; } = new Q4();

    public abstract void FillRandom(Random random, Span<byte> row);

    private sealed record Floats() : TensorFormat(0, 1, 4)
    {
        /// <summary>Ones: what a norm's weights are before training.</summary>
        public override void FillRandom(Random random, Span<byte> row) => MemoryMarshal.Cast<byte, float>(row).Fill(1);
    }

    private sealed record Q8() : TensorFormat(8, 32, 34)
    {
        public override void FillRandom(Random random, Span<byte> row)
        {
            random.NextBytes(row);
            for (var block = 0; block < row.Length; block += BlockBytes)
            {
                // A quantiser never writes -128, and kernels may count on that.
                foreach (ref var weight in row.Slice(block + 2, 32))
                    weight = weight == 0x80 ? (byte)0x81 : weight;
                MemoryMarshal.Write(row[block..], (Half)(LargestWeight / 127));
            }
        }
    }

    private sealed record Q4() : TensorFormat(2, 32, 18)
    {
        public override void FillRandom(Random random, Span<byte> row)
        {
            random.NextBytes(row);
            for (var block = 0; block < row.Length; block += BlockBytes)
                MemoryMarshal.Write(row[block..], (Half)(LargestWeight / 8));
        }
    }
}
