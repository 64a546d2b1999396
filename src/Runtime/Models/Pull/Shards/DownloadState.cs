using Hybrid.Models.Pull.Sources;
using Hybrid.Models.Pull.Web;

namespace Hybrid.Models.Pull.Shards;

/// <summary>What the connections of one download share.</summary>
internal sealed record DownloadState(RemoteFile File, PartialFile Partial, PullOptions Options, Func<double> Draw, SpeedLimit Limit, PullMeter Meter)
{
    public StallGuard Guard(CancellationToken cancellationToken) => new(Options.StallTimeout, Options.TimeProvider, cancellationToken);

    public Retrying Retrying() => new(Options, Draw, File.Place, () => (Partial.Here, Partial.Map.Size), note => Meter.Stage(PullStage.Retrying, note));
}
