namespace Hybrid.Storage;

/// <summary>Everything that changes files, one step each, so that a test can stop between any two.</summary>
internal interface IDisk
{
    /// <summary>Makes a folder and those above it.</summary>
    void CreateFolder(string path);

    /// <summary>Writes a new file and flushes it.</summary>
    void Write(string path, ReadOnlySpan<byte> bytes);

    /// <summary>Puts what was written to a file on the disk.</summary>
    void Flush(string path);

    /// <summary>Puts the names in a folder on the disk.</summary>
    void FlushFolder(string path);

    /// <summary>Renames a file in one step; what had the name is gone.</summary>
    void Move(string from, string to);

    /// <summary>Gives a file a second name in another folder; false where the file system has no links.</summary>
    bool Link(string file, string link);

    /// <summary>Makes a symbolic link to a file; false where that is not possible.</summary>
    bool Point(string file, string link);

    /// <summary>Makes a file read-only, where that does not keep it from being deleted.</summary>
    void Seal(string path);

    /// <summary>Sets when a file was last written; makes an empty one where there is none.</summary>
    void Touch(string path, DateTimeOffset time);

    /// <summary>Deletes a file or link, if it is there.</summary>
    void Delete(string path);

    /// <summary>Deletes an empty folder, if it is there and empty.</summary>
    void DeleteFolder(string path);
}
