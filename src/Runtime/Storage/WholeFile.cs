namespace Hybrid.Storage;

/// <summary>Files that are replaced whole: after a power loss there is the old one or the new one.</summary>
internal static class WholeFile
{
    /// <summary>What the name of one that is being written ends with.</summary>
    public const string Unfinished = ".new";

    /// <summary>Puts bytes in the place of what a file holds; its folder must be there.</summary>
    /// <param name="disk">Does the steps.</param>
    /// <param name="path">The file.</param>
    /// <param name="bytes">What it is to hold.</param>
    /// <param name="ownerOnly">Whether its owner alone may read it.</param>
    public static void Replace(IDisk disk, string path, ReadOnlySpan<byte> bytes, bool ownerOnly = false)
    {
        var unfinished = path + Unfinished;
        disk.Delete(unfinished);
        disk.Write(unfinished, bytes);
        if (ownerOnly && !OperatingSystem.IsWindows()) File.SetUnixFileMode(unfinished, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        disk.Move(unfinished, path);
        disk.FlushFolder(Path.GetDirectoryName(path)!);
    }
}
