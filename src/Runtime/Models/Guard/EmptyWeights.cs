using Hybrid.Models.Gguf;

namespace Hybrid.Models.Guard;

/// <summary>Finds weights that were never written: a file of the right length that ends in zeros, or has a hole of them.</summary>
/// <remarks>
/// The end is looked at byte by byte, the rest at 128 places at least 4 MiB apart, so that a check costs milliseconds. It finds a run of zeros that
/// fills a matrix, or a quarter of one, or outside the vocabulary's rows a mebibyte. What is shorter, or between two places, only a digest finds.
/// </remarks>
internal static class EmptyWeights
{
    private const int Window = 4096;
    private const long LongRun = 1 << 20;
    private const long LeastMatrix = 2048;
    private const long Apart = 4 << 20;
    private const int Places = 128;

    /// <summary>The tensor whose weights are missing, and how many bytes of it; null: none.</summary>
    public static (string Tensor, long Bytes)? Find(Stream file, IReadOnlyList<GgufExtent> extents)
    {
        var matrices = extents.Where(extent => extent.IsMatrix && extent.Bytes >= LeastMatrix).ToArray();
        if (matrices.Length == 0)
            return null;
        var last = matrices[^1];
        if (RunAround(file, last, last.From + last.Bytes - 1) is var tail && IsMissing(last, tail))
            return (last.Name, tail);
        var step = Math.Max(Apart, file.Length / Places);
        var next = 0L;
        foreach (var extent in matrices)
        {
            for (var at = Math.Max(extent.From, next); at < extent.From + extent.Bytes; at += step)
            {
                next = at + step;
                if (RunAround(file, extent, at) is var run && IsMissing(extent, run))
                    return (extent.Name, run);
            }
        }

        return null;
    }

    private static bool IsMissing(GgufExtent extent, long run) =>
        run > 0 && (run >= (extent.Bytes + 3) / 4 || (run >= LongRun && !extent.Name.Contains("token_embd", StringComparison.Ordinal) && !extent.Name.StartsWith("output.", StringComparison.Ordinal)));

    /// <summary>The zeros on both sides of a place, within its tensor; no more than are needed to decide.</summary>
    private static long RunAround(Stream file, GgufExtent extent, long at)
    {
        var (from, to) = (extent.From, extent.From + extent.Bytes);
        var enough = Math.Max(LongRun, (extent.Bytes + 3) / 4);
        var block = new byte[Window];
        var after = 0L;
        for (var position = at; position < to && after < enough; position += Window)
        {
            var read = Read(file, position, block.AsSpan(0, (int)Math.Min(Window, to - position)));
            var zeros = read.IndexOfAnyExcept((byte)0);
            after += zeros < 0 ? read.Length : zeros;
            if (zeros >= 0)
                break;
        }

        if (after == 0)
            return 0;
        var before = 0L;
        for (var end = at; end > from && before + after < enough;)
        {
            var begin = Math.Max(from, end - Window);
            var read = Read(file, begin, block.AsSpan(0, (int)(end - begin)));
            var nonZero = read.LastIndexOfAnyExcept((byte)0);
            before += read.Length - 1 - nonZero;
            if (nonZero >= 0)
                break;
            end = begin;
        }

        return before + after;
    }

    private static ReadOnlySpan<byte> Read(Stream file, long position, Span<byte> buffer)
    {
        file.Position = position;
        file.ReadExactly(buffer);
        return buffer;
    }
}
