using Hybrid.Models.Pull.Choice;
using Hybrid.Models.Pull.Web;
using Hybrid.Models.Store;

namespace Hybrid.Models.Pull.Sources;

/// <summary>Models at an address of the web, without any token.</summary>
internal sealed class WebSource(PullHttp http) : IModelSource
{
    public async Task<RemoteModel> FindAsync(ModelReference reference, CancellationToken cancellationToken)
    {
        var address = new Uri(reference.Location);
        var name = Uri.UnescapeDataString(address.Segments[^1]);
        if (SafeNames.ProblemOfPath(name) is not null)
            throw new HybridException(HybridError.InvalidRequest, $"'{reference}' does not end with the name of a file. Nothing was fetched.");
        using var guard = http.Guard(cancellationToken);
        List<RemoteFile> files = [];
        foreach (var split in SplitName.AllOf(name))
        {
            var each = split == name ? address : new Uri(address, Uri.EscapeDataString(split) + address.Query);
            files.Add(await FileAsync(http, each, split, reference.Sha256, null, guard));
        }

        if (files.Count > 1 && reference.Sha256 is not null)
            throw new HybridException(HybridError.InvalidRequest, $"'{reference}' is one of {files.Count} splits and sha256= names one digest. Nothing was fetched. Leave it out.");
        return new(reference.ToString(), null, null, files);
    }

    /// <summary>Asks what a file is.</summary>
    /// <param name="http">The connections.</param>
    /// <param name="address">Where it is.</param>
    /// <param name="path">What it is called in its model.</param>
    /// <param name="sha256">What its digest must be; null: what the server's tag says, if that is one.</param>
    /// <param name="size">What its length must be; null: what the server says.</param>
    /// <param name="guard">Ends what is silent for too long.</param>
    public static async Task<WebFile> FileAsync(PullHttp http, Uri address, string path, string? sha256, long? size, StallGuard guard)
    {
        var entity = await WebAsk.PlainAsync(http, address, guard);
        if (size is not null && size != entity.Size)
            throw new HybridException(HybridError.ModelFile, $"'{PlainAddress.Of(address)}' has {entity.Size} bytes, and the mirror's index says {size}. Nothing was fetched. The mirror has to be mended.");
        return new(http, address, entity, (again, wait) => WebAsk.PlainAsync(http, again, wait))
        {
            Path = path,
            Size = entity.Size,
            Sha256 = sha256 ?? entity.Sha256,
            Validator = entity.Tag,
        };
    }
}
