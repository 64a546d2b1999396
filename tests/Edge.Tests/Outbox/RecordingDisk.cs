using Hybrid.Edge.Outbox;

namespace Hybrid.Edge.Tests.Outbox;

/// <summary>A folder in memory that writes down every step, so that a test can have the power fail at each of them.</summary>
internal sealed class RecordingDisk : ILogDisk
{
    private readonly Dictionary<string, MemoryStream> _files = [];

    /// <summary>What a test watches: its state is noted with every step.</summary>
    public Func<int> Acknowledged { get; set; } = () => 0;

    /// <summary>Held while a step is done.</summary>
    public Lock Gate { get; } = new();

    /// <summary>The steps so far.</summary>
    public List<Step> Steps { get; } = [];

    /// <summary>Thrown by the next step that writes, if it says so.</summary>
    public Func<StepKind, Exception?> Fault { get; set; } = _ => null;

    public RecordingDisk()
    {
    }

    /// <summary>A folder as a power loss left it.</summary>
    public RecordingDisk(IReadOnlyDictionary<string, byte[]> files)
    {
        foreach (var (name, bytes) in files)
        {
            _files[name] = new();
            _files[name].Write(bytes);
        }
    }

    /// <param name="Kind">What was done.</param>
    /// <param name="Name">To which file.</param>
    /// <param name="Bytes">What was appended.</param>
    /// <param name="Length">To what it was cut.</param>
    /// <param name="Acknowledged">How many records had been acknowledged when the step began.</param>
    internal sealed record Step(StepKind Kind, string Name, byte[] Bytes, long Length, int Acknowledged);

    internal enum StepKind
    {
        Create,
        Append,
        Flush,
        Cut,
        Delete,
        FlushFolder,
    }

    public IReadOnlyDictionary<string, byte[]> Files
    {
        get
        {
            lock (Gate) return _files.ToDictionary(pair => pair.Key, pair => pair.Value.ToArray());
        }
    }

    public IReadOnlyList<string> List() => [.. _files.Keys];

    public byte[] ReadAll(string name) => _files[name].ToArray();

    public int Read(string name, long offset, Span<byte> bytes)
    {
        var all = _files.TryGetValue(name, out var file) ? file.ToArray() : throw new FileNotFoundException(name);
        var part = all.AsSpan((int)Math.Min(offset, all.Length));
        part = part[..Math.Min(part.Length, bytes.Length)];
        part.CopyTo(bytes);
        return part.Length;
    }

    public void Create(string name) => Do(StepKind.Create, name, [], 0, () => _files.Add(name, new()));

    public void Append(string name, ReadOnlySpan<byte> bytes)
    {
        var copy = bytes.ToArray();
        Do(StepKind.Append, name, copy, 0, () => _files[name].Write(copy), () => _files[name].Write(copy.AsSpan(0, copy.Length / 2)));
    }

    public void Flush(string name) => Do(StepKind.Flush, name, [], 0, () => { });

    public void Cut(string name, long length) => Do(StepKind.Cut, name, [], length, () =>
    {
        _files[name].SetLength(length);
        _files[name].Position = length;
    });

    public void Delete(string name) => Do(StepKind.Delete, name, [], 0, () => _files.Remove(name));

    public void FlushFolder() => Do(StepKind.FlushFolder, "", [], 0, () => { });

    /// <summary>Flips a bit.</summary>
    public void Rot(string name, int at) => _files[name].GetBuffer()[at] ^= 1;

    public void Dispose()
    {
    }

    private void Do(StepKind kind, string name, byte[] bytes, long length, Action step, Action? half = null)
    {
        lock (Gate)
        {
            if (Fault(kind) is { } fault)
            {
                half?.Invoke();
                throw fault;
            }

            Steps.Add(new(kind, name, bytes, length, Acknowledged()));
            step();
        }
    }
}
