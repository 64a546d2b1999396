using Hybrid.Models.Peers;
using Hybrid.Models.Pull.Shards;
using Hybrid.Models.Pull.Sources;

namespace Hybrid.Models.Pull;

/// <summary>What all files of a puller share.</summary>
internal sealed record PullTools(PullOptions Options, Func<double> Draw, SpeedLimit Limit, PeerClient? Peers = null);

/// <summary>Fetches one file and hands it over with its digest.</summary>
internal static class FilePull
{
    /// <summary>What a file's bytes are kept under while they come: its digest, else what its place is called.</summary>
    public static string KeyOf(RemoteFile file) => file.Sha256 ?? "place-" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(file.Place)));

    /// <param name="file">Where it comes from.</param>
    /// <param name="path">Where its bytes go; no other process uses it.</param>
    /// <param name="tools">What it shares with others.</param>
    /// <param name="meter">Counts its bytes.</param>
    /// <param name="admit">Takes the whole file away, under its digest.</param>
    /// <param name="cancellationToken">Ends it; what is here is kept.</param>
    /// <returns>The digest.</returns>
    /// <exception cref="PullFault">The file has changed at its source; what was here of it is gone.</exception>
    /// <exception cref="HybridException">It could not be fetched, or not be stored.</exception>
    public static async Task<string> RunAsync(RemoteFile file, string path, PullTools tools, PullMeter meter, Action<string> admit, CancellationToken cancellationToken)
    {
        var trusted = file.Sha256 is not null;
        using var partial = PartialFile.Open(path, file.Size, file.Sha256 ?? file.Place, file.Validator, trusted, tools.Options);
        try
        {
            var from = tools.Peers?.Before(file, partial) ?? file;
            var digest = await new FileDownload(new(from, partial, tools.Options, tools.Draw, tools.Limit, meter)).RunAsync(cancellationToken);
            partial.Store(digest, remember: !trusted && file.Validator is not null, () => admit(digest));
            return digest;
        }
        catch (PullFault fault) when (fault.Remedy is PullRemedy.AskAnew)
        {
            partial.Discard();
            throw;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw DiskFaults.Of(failure, path, partial.Here, file.Size);
        }
    }
}
