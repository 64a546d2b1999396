namespace Hybrid.Edge.Outbox;

/// <summary>Everything that an outbox does to its folder, one step each, so that a test can stop between any two or tear one.</summary>
internal interface ILogDisk : IDisposable
{
    /// <summary>The names of its files.</summary>
    IReadOnlyList<string> List();

    /// <summary>A file as it is.</summary>
    byte[] ReadAll(string name);

    /// <summary>A part of a file; fewer bytes where it ends.</summary>
    int Read(string name, long offset, Span<byte> bytes);

    /// <summary>Makes a new, empty file for <see cref="Append"/>.</summary>
    void Create(string name);

    /// <summary>Puts bytes behind a file's others; they may be lost until <see cref="Flush"/>.</summary>
    void Append(string name, ReadOnlySpan<byte> bytes);

    /// <summary>Puts what was appended to a file on the disk.</summary>
    void Flush(string name);

    /// <summary>Cuts a file, for good.</summary>
    void Cut(string name, long length);

    /// <summary>Deletes a file, if it is there.</summary>
    void Delete(string name);

    /// <summary>Puts what was made and deleted on the disk.</summary>
    void FlushFolder();
}
