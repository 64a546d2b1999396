using System.Globalization;
using Hybrid.Models.Pull.Web;

namespace Hybrid.Models.Pull.Sources;

/// <summary>A file on this machine or a mounted disk.</summary>
internal sealed class LocalFile(string file) : RemoteFile
{
    public override string Place => file;

    public override int MostConnections => 2;

    /// <summary>A file as it is now.</summary>
    /// <exception cref="HybridException">It is not there, or cannot be read.</exception>
    public static LocalFile Of(string file, string path, string? sha256 = null)
    {
        try
        {
            var info = new FileInfo(file);
            if (Directory.Exists(file))
                throw new HybridException(HybridError.ModelFile, $"'{file}' is a folder; name the GGUF file in it. Nothing was fetched.");
            if (!info.Exists)
                throw new HybridException(HybridError.ModelFile, $"'{file}' does not exist; check the path. Nothing was fetched.");
            return new(file) { Path = path, Size = info.Length, Sha256 = sha256, Validator = ValidatorOf(info) };
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(file, failure);
        }
    }

    public override Task<RemoteBody> OpenAsync(long offset, long length, StallGuard guard)
    {
        try
        {
            var stream = new FileStream(file, new FileStreamOptions { BufferSize = 0, Options = FileOptions.Asynchronous | FileOptions.SequentialScan, Share = FileShare.ReadWrite | FileShare.Delete });
            if (ValidatorOf(new FileInfo(file)) != Validator)
            {
                stream.Dispose();
                throw new PullFault(PullRemedy.AskAnew, "it has changed at its source");
            }

            stream.Position = offset;
            return Task.FromResult(new RemoteBody(new FilePart(stream, length)));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(file, failure);
        }
    }

    private static string ValidatorOf(FileInfo info) => string.Create(CultureInfo.InvariantCulture, $"{info.Length}-{info.LastWriteTimeUtc.Ticks}");

    public static HybridException Unreadable(string file, Exception failure) =>
        new(HybridError.ModelFile, $"'{file}' cannot be read: {failure.Message} What had been copied is kept. Make it readable and pull again.", failure);
}
