using System.Buffers.Binary;
using System.Globalization;
using Hybrid.Storage;

namespace Hybrid.Edge.Outbox;

/// <summary>Says of records whose files are still there that they wait no more: the broker has them, or they were dropped.</summary>
/// <remarks>A mark is a number and its CRC-32C. One that is lost has its record sent again, which the receiver sees by the id; so marks are flushed now and then.</remarks>
internal sealed class MarkLog(ILogDisk disk)
{
    public const int MarkBytes = 12;
    private const string Ending = ".mark";
    private const int WorthAnew = 4096;
    private readonly List<string> _files = [];
    private string? _active;
    private long _marks;
    private long _highest = -1;

    /// <summary>The numbers that are marked.</summary>
    public HashSet<long> Read(IReadOnlyList<string> names)
    {
        var marked = new HashSet<long>();
        foreach (var name in names)
        {
            if (name.Length != 16 + Ending.Length || !name.EndsWith(Ending, StringComparison.Ordinal)
                || !long.TryParse(name.AsSpan(0, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number)) continue;
            _files.Add(name);
            _highest = Math.Max(_highest, number);
            var bytes = disk.ReadAll(name).AsSpan();
            for (; bytes.Length >= MarkBytes; bytes = bytes[MarkBytes..])
            {
                _marks++;
                if (Check(bytes[..8]) == BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..])) marked.Add(BinaryPrimitives.ReadInt64LittleEndian(bytes));
            }
        }

        return marked;
    }

    /// <summary>Puts marks on the disk.</summary>
    /// <param name="numbers">The new ones.</param>
    /// <param name="all">All that are still needed, the new ones included.</param>
    public void Add(IReadOnlyCollection<long> numbers, IReadOnlyCollection<long> all)
    {
        try
        {
            if (_active is not null && _marks + numbers.Count <= WorthAnew + (2 * all.Count))
            {
                Append(_active, numbers);
                return;
            }

            // A file of its own after each start, and where most marks are of files that are gone.
            var name = (++_highest).ToString("x16", CultureInfo.InvariantCulture) + Ending;
            _files.Add(name);
            disk.Create(name);
            _marks = 0;
            Append(name, all);
            disk.FlushFolder();
            _active = name;
            foreach (var old in _files.Where(file => file != name).ToArray())
            {
                disk.Delete(old);
                _files.Remove(old);
            }
        }
        catch
        {
            _active = null; // nobody knows what is in it; the next one has all
            throw;
        }
    }

    private static uint Check(ReadOnlySpan<byte> number) => Crc32C.Append(Crc32C.Append(Crc32C.Start, "mark"u8), number);

    private void Append(string name, IEnumerable<long> numbers)
    {
        using var bytes = new MemoryStream();
        Span<byte> mark = stackalloc byte[MarkBytes];
        foreach (var number in numbers)
        {
            BinaryPrimitives.WriteInt64LittleEndian(mark, number);
            BinaryPrimitives.WriteUInt32LittleEndian(mark[8..], Check(mark[..8]));
            bytes.Write(mark);
            _marks++;
        }

        disk.Append(name, bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
        disk.Flush(name);
    }
}
