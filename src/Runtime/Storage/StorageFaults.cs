namespace Hybrid.Storage;

/// <summary>Turns the file system's exceptions into the SDK's, with words for what a person can do.</summary>
internal static class StorageFaults
{
    private const int NoSpace = 28; // ENOSPC
    private const int NoQuota = 122; // EDQUOT
    private const int TooLarge = 27; // EFBIG: the file system has no room for a file of that size
    private const int ReadOnlyFiles = 30; // EROFS
    private const int WindowsReadOnly = unchecked((int)0x80070013);
    private const int WindowsDiskFull = unchecked((int)0x80070070);
    private const int WindowsHandleDiskFull = unchecked((int)0x80070027);

    /// <summary>Whether the disk, or the user's part of it, is full.</summary>
    public static bool IsFull(Exception exception) => exception is IOException && exception.HResult is NoSpace or NoQuota or TooLarge or WindowsDiskFull or WindowsHandleDiskFull;

    /// <summary>Whether the framework lost the system's own code; so it does where room for a file cannot be reserved.</summary>
    public static bool IsUnnamed(IOException failure) => failure.HResult == unchecked((int)0x80131620); // COR_E_IO

    /// <summary>The same failure with the code of a full disk.</summary>
    public static IOException NoRoom(IOException failure) => new(failure.Message, OperatingSystem.IsWindows() ? WindowsDiskFull : NoSpace);

    /// <summary>Whether nothing can be written there.</summary>
    public static bool IsReadOnly(Exception exception) => exception is UnauthorizedAccessException || (exception is IOException && exception.HResult is ReadOnlyFiles or WindowsReadOnly);

    /// <summary>Whether it is one of the file system's own.</summary>
    public static bool IsOurs(Exception exception) => exception is IOException or UnauthorizedAccessException or NotSupportedException;

    /// <summary>The error for whoever asked.</summary>
    /// <param name="exception">What the file system said.</param>
    /// <param name="what">What could not be done, as the beginning of a sentence.</param>
    /// <param name="kept">What is as it was, as a sentence.</param>
    public static HybridException Translate(Exception exception, string what, string kept)
    {
        var remedy = IsFull(exception) ? "The disk is full: free some space, or lower the quota of models, and try again."
            : IsReadOnly(exception) ? "It is read-only for this user: use another folder, or change its rights."
            : "Check the folder and the disk.";
        return new(HybridError.Storage, $"{what}: {exception.Message.TrimEnd('.')}. {kept} {remedy}", exception);
    }
}
