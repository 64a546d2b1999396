using System.Diagnostics;
using System.Globalization;
using Hybrid.Models.Pull;
using Hybrid.Models.Store;

namespace Hybrid.SecondProcess;

/// <summary>A process that pulls one model, for a test to kill or a benchmark to measure.</summary>
internal static class PullVerb
{
    /// <summary>Pulls, and prints the digest, seconds of processor time and the most bytes of memory.</summary>
    public static async Task<int> RunAsync(string root, string endpoint, string reference, int connections, int shardSize)
    {
        try
        {
            using var puller = new ModelPuller(ModelStore.Open(root), new() { Connections = connections, ShardSize = shardSize, Hub = new() { Endpoint = endpoint } });
            var manifest = await puller.PullAsync(ModelReference.Parse(reference));
            using var self = Process.GetCurrentProcess();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{manifest.Files[0].Sha256} {self.TotalProcessorTime.TotalSeconds:0.000} {self.PeakWorkingSet64}"));
            return 0;
        }
        catch (HybridException failure)
        {
            await Console.Error.WriteLineAsync(failure.Message);
            return 1;
        }
    }
}
