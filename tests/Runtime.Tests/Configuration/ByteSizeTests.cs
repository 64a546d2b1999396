using Hybrid.Configuration;

namespace Hybrid.Tests.Configuration;

public class ByteSizeTests
{
    [Theory]
    [InlineData("1", 1)]
    [InlineData("512MiB", 512L << 20)]
    [InlineData("2gib", 2L << 30)]
    [InlineData("1.5 GiB", 3L << 29)]
    [InlineData("2GB", 2_000_000_000)]
    [InlineData("100B", 100)]
    public void It_is_read_as_people_write_it(string text, long bytes)
    {
        Assert.True(ByteSize.TryParse(text, out var read));
        Assert.Equal(bytes, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("GiB")]
    [InlineData("-1GiB")]
    [InlineData("0")]
    [InlineData("0.1")]
    [InlineData("2 gigs")]
    [InlineData("99999999999TiB")]
    public void Anything_else_is_refused(string text) => Assert.False(ByteSize.TryParse(text, out _));

    [Theory]
    [InlineData(3L << 29, "1.5 GiB")]
    [InlineData(1L << 20, "1 MiB")]
    [InlineData(1536, "1.5 KiB")]
    [InlineData(7, "7 bytes")]
    public void It_is_told_in_the_largest_unit(long bytes, string text) => Assert.Equal(text, ByteSize.Text(bytes));
}
