using System.Globalization;

namespace Hybrid.Edge.Outbox;

/// <summary>A file of records: appended to until it is large enough, deleted when none of it waits.</summary>
internal sealed class Segment(long number)
{
    private const string Ending = ".log";

    /// <summary>Out of the row of the records' numbers, so that no two files ever have the same, and a later file has a higher one.</summary>
    public long Number => number;

    public string Name => number.ToString("x16", CultureInfo.InvariantCulture) + Ending;

    /// <summary>Bytes that are on the disk for good.</summary>
    public long Length { get; set; }

    /// <summary>Records in it that wait.</summary>
    public Dictionary<long, WaitingRecord> Waiting { get; } = [];

    public long WaitingBytes { get; set; }

    /// <summary>Numbers of records in it that wait no more; while the file is there, the marks must say so.</summary>
    public List<long> Done { get; } = [];

    /// <summary>How many of the first of them are marked on the disk.</summary>
    public int Marked { get; set; }

    /// <summary>The segment of a file's name; null: it is another kind of file.</summary>
    public static Segment? Named(string name) =>
        name.Length == 16 + Ending.Length && name.EndsWith(Ending, StringComparison.Ordinal)
        && long.TryParse(name.AsSpan(0, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number) && number >= 0
            ? new(number)
            : null;
}
