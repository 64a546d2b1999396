using System.Net;
using Hybrid.Models.Pull.Choice;
using Hybrid.Models.Pull.Sources;
using Hybrid.Models.Pull.Web;

namespace Hybrid.Models.Pull.Hub;

/// <summary>Models from a hub that speaks Hugging Face's conventions.</summary>
internal sealed class HubSource(PullHttp http) : IModelSource
{
    private readonly HubAddress _address = HubAddress.Of(http.Options.Hub.Endpoint, "HF_ENDPOINT");

    public async Task<RemoteModel> FindAsync(ModelReference reference, CancellationToken cancellationToken)
    {
        if (http.Options.Hub.Offline)
        {
            throw new HybridException(HybridError.TargetUnavailable,
                $"'{reference}' is not fetched: HF_HUB_OFFLINE is set. Nothing was sent. Unset it, or pull from a file: or a mirror: instead.");
        }

        var revision = reference.Revision ?? HubAddress.Main;
        using var guard = http.Guard(cancellationToken);
        var listing = await ListAsync(reference, revision, guard);
        var paths = FileChoice.Of(reference, listing.Files);
        var commit = listing.Commit;
        List<RemoteFile> files = [];
        foreach (var path in paths)
        {
            // One commit for all, so that the splits of a model belong together whatever is pushed meanwhile.
            var address = _address.File(reference.Location, commit ?? revision, path);
            var entity = await WebAsk.HubAsync(http, address, guard);
            commit ??= entity.Commit;
            files.Add(new WebFile(http, address, entity, (again, wait) => WebAsk.HubAsync(http, again, wait))
            {
                Path = path,
                Size = entity.Size,
                Sha256 = entity.Sha256,
                Validator = entity.Tag,
            });
        }

        return new($"hf:{reference.Location}", commit, listing.Licence, files);
    }

    private async Task<HubListing> ListAsync(ModelReference reference, string revision, StallGuard guard)
    {
        var address = _address.Listing(reference.Location, revision);
        using var reached = await Reached.WithinHostAsync(http, HttpMethod.Get, address, trusted: true, guard);
        if (reached.Left is not null)
            throw new HybridException(HybridError.TargetUnavailable, $"'{PlainAddress.Of(address)}' sends on to another host, which a hub's listing never does. Nothing was fetched. Check HF_ENDPOINT.");
        if (reached.Response.StatusCode is not HttpStatusCode.OK)
            throw WebAsk.Refused(http, reached.Response, address);
        return await BoundedJson.ReadAsync(reached.Response, PlainAddress.Of(address), guard, HubListing.Read);
    }
}
