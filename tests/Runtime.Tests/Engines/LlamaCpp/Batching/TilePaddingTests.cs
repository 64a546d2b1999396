using Hybrid.Engines.LlamaCpp.Batching;

namespace Hybrid.Tests.Engines.LlamaCpp.Batching;

public sealed class TilePaddingTests
{
    private readonly TilePadding _padding = new(parameters: 150_000_000, width: 12 * 768);

    [Theory]
    [InlineData(48, 2000, 16)]
    [InlineData(40, 3000, 24)]
    [InlineData(63, 500, 1)]
    [InlineData(48, 100, 0)] // next to nothing to attend to
    [InlineData(8, 100_000, 0)] // row by row is cheaper for so few
    [InlineData(64, 2000, 0)]
    [InlineData(512, 2000, 0)]
    public void It_fills_a_tile_where_that_is_faster(int tokens, int depth, int rows) => Assert.Equal(rows, _padding.Rows(tokens, depth));
}
