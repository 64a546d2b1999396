using Hybrid.Engines.Sampling;

namespace Hybrid.Tests.Engines.Sampling;

/// <summary>The passes with vectors against the same in plain words, on sizes around every boundary, with many ties.</summary>
public class LogitScanTests
{
    private static readonly int[] Sizes = [1, 2, 7, 8, 31, 32, 33, 255, 256, 257, 511, 512, 1000, 2049];

    public static TheoryData<int, int> Cases
    {
        get
        {
            var cases = new TheoryData<int, int>();
            foreach (var size in Sizes)
            {
                foreach (var values in (int[])[2, 20, 1_000_000])
                    cases.Add(size, values);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_largest_is_the_first_of_the_largest(int size, int values)
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var logits = Logits(size, values, seed);
            Assert.Equal(Array.IndexOf(logits, logits.Max()), LogitScan.IndexOfMax(logits));
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_top_are_those_of_a_stable_sort(int size, int values)
    {
        var logits = Logits(size, values, seed: 1);
        foreach (var k in (int[])[1, 2, 40, 256])
        {
            var (keys, ids) = (new float[Math.Min(k, size)], new int[Math.Min(k, size)]);
            Assert.Equal(ids.Length, LogitScan.Top(logits, keys, ids));
            Assert.Equal(Order(logits).Take(k), ids);
            Assert.Equal(ids.Select(id => logits[id]), keys);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Those_above_a_floor_are_all_found_and_counted_beyond_the_room(int size, int values)
    {
        var logits = Logits(size, values, seed: 2);
        var floor = logits[size / 2];
        var expected = Enumerable.Range(0, size).Where(id => logits[id] >= floor).ToArray();
        var room = new int[size];
        Assert.Equal(expected.Length, LogitScan.AtLeast(floor, logits, room));
        Assert.Equal(expected, room.Take(expected.Length));
        Assert.Equal(expected.Length, LogitScan.AtLeast(floor, logits, room.AsSpan(0, 1)));
    }

    [Fact]
    public void Where_nothing_is_possible_the_first_id_comes()
    {
        Assert.Equal(0, LogitScan.IndexOfMax(Enumerable.Repeat(float.NegativeInfinity, 700).ToArray()));
        Assert.InRange(LogitScan.IndexOfMax(Enumerable.Repeat(float.NaN, 700).ToArray()), 0, 699);
    }

    internal static IEnumerable<int> Order(float[] logits) => Enumerable.Range(0, logits.Length).OrderByDescending(id => logits[id]);

    internal static float[] Logits(int size, int values, int seed)
    {
        var random = new Random(seed + size);
        var logits = Enumerable.Range(0, size).Select(_ => (random.Next(values) * 30f / values) - 15).ToArray();
        if (size > 3)
            logits[random.Next(size)] = float.NegativeInfinity;
        return logits;
    }
}
