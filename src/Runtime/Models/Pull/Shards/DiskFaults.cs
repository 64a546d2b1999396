using Hybrid.Configuration;
using Hybrid.Storage;

namespace Hybrid.Models.Pull.Shards;

/// <summary>What a disk that does not take any more means for a pull, in words.</summary>
internal static class DiskFaults
{
    /// <param name="failure">What the system said.</param>
    /// <param name="path">What was written.</param>
    /// <param name="kept">Bytes that are here.</param>
    /// <param name="size">Bytes of the file.</param>
    public static HybridException Of(Exception failure, string path, long kept, long size)
    {
        var folder = Path.GetDirectoryName(path);
        var keeps = kept == 0 ? "Nothing was fetched." : $"{ByteSize.Text(kept)} of {ByteSize.Text(size)} are kept.";
        if (StorageFaults.IsFull(failure))
            return new(HybridError.Storage, $"The disk of '{folder}' is full: {ByteSize.Text(size - kept)} more are needed. {keeps} Make room and pull again; it goes on from there.", failure);
        return StorageFaults.IsReadOnly(failure)
            ? new(HybridError.Storage, $"'{folder}' cannot be written to: {failure.Message} {keeps} Make it writable, or choose another folder for the store.", failure)
            : new(HybridError.Storage, $"'{folder}' could not be written: {failure.Message} {keeps} Check the disk and pull again.", failure);
    }
}
