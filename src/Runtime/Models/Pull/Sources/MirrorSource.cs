using System.Net;
using Hybrid.Models.Pull.Choice;
using Hybrid.Models.Pull.Hub;
using Hybrid.Models.Pull.Web;

namespace Hybrid.Models.Pull.Sources;

/// <summary>Models from the site's mirror: a static file server, or a folder.</summary>
internal sealed class MirrorSource(PullHttp http) : IModelSource
{
    public async Task<RemoteModel> FindAsync(ModelReference reference, CancellationToken cancellationToken)
    {
        var mirror = http.Options.Mirror ?? throw new HybridException(HybridError.Configuration,
            $"'{reference}' is on a mirror and none is configured. Nothing was fetched. Set the mirror's address or folder (Hybrid:Models:Mirror).");
        if (!mirror.Contains("://", StringComparison.Ordinal))
            return new MirrorFolder(mirror).Find(reference);
        using var guard = http.Guard(cancellationToken);
        return await FindAsync(HubAddress.Of(mirror, "The mirror"), reference, guard);
    }

    private async Task<RemoteModel> FindAsync(HubAddress mirror, ModelReference reference, StallGuard guard)
    {
        var revision = reference.Revision ?? HubAddress.Main;
        // Its index, then what a copy of the hub has.
        var place = mirror.File(reference.Location, revision, MirrorIndex.Name);
        var index = await ReadAsync(place, MirrorIndex.Read, guard);
        if (index is null)
        {
            var api = mirror.Listing(reference.Location, revision);
            var listing = await ReadAsync(api, HubListing.Read, guard) ?? throw new HybridException(HybridError.ModelFile,
                $"'{reference}': the mirror has neither '{PlainAddress.Of(place)}' nor '{PlainAddress.Of(api)}'. Nothing was fetched. Check the spelling, or put the model there.");
            index = new(listing.Commit, listing.Licence, [.. listing.Files.Select(path => new MirrorEntry(path, null, null))]);
        }

        List<RemoteFile> files = [];
        foreach (var path in FileChoice.Of(reference, [.. index.Files.Select(file => file.Path)]))
        {
            var entry = index.Files.First(file => file.Path == path);
            files.Add(await WebSource.FileAsync(http, mirror.File(reference.Location, revision, path), path, entry.Sha256, entry.Size, guard));
        }

        return new($"mirror:{reference.Location}", index.Revision, index.Licence, files);
    }

    /// <summary>Reads a list; null: it is not there.</summary>
    private async Task<T?> ReadAsync<T>(Uri address, Func<System.Text.Json.JsonElement, T> read, StallGuard guard)
        where T : class
    {
        using var reached = await Reached.AnywhereAsync(http, HttpMethod.Get, address, null, null, guard);
        return reached.Response.StatusCode switch
        {
            HttpStatusCode.OK => await BoundedJson.ReadAsync(reached.Response, PlainAddress.Of(address), guard, read),
            HttpStatusCode.NotFound => null,
            _ => throw WebAsk.Refused(http, reached.Response, address),
        };
    }
}
