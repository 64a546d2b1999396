using System.Diagnostics;

namespace Hybrid.Benchmarks.Models.Pull;

/// <summary>Two network namespaces with a line of 20 Mbit/s, 100 ms and 1 % loss between them; needs root.</summary>
internal sealed class ShapedLine : IDisposable
{
    public const string ServerAddress = "10.231.7.1";
    private const string ClientAddress = "10.231.7.2";
    private const string Shape = "tc qdisc add dev LINE root netem rate 20mbit delay 50ms limit 1000";

    private readonly CancellationTokenSource _stop = new();
    private readonly List<TunnelEnd> _ends = [];
    private readonly string _server = $"hybs{Environment.ProcessId}";
    private readonly string _client = $"hybc{Environment.ProcessId}";

    /// <summary>What the line is, for a table.</summary>
    public string Words { get; private set; } = "";

    /// <summary>What runs a program on the server's side.</summary>
    public string[] OnServer => ["ip", "netns", "exec", _server];

    /// <summary>What runs a program on the client's side.</summary>
    public string[] OnClient => ["ip", "netns", "exec", _client];

    /// <summary>Makes it, by netem or, where the kernel has none, packet by packet in this process; null: that is not allowed here.</summary>
    public static ShapedLine? TryMake()
    {
        var line = new ShapedLine();
        if (OperatingSystem.IsLinux() && line.Ip($"netns add {line._server}", $"netns add {line._client}") && (line.ByNetem() || line.ByPackets()))
            return line;
        line.Dispose();
        return null;
    }

    public void Dispose()
    {
        _stop.Cancel();
        Ip($"netns del {_server}");
        Ip($"netns del {_client}");
        foreach (var end in _ends)
            end.Dispose();
    }

    private bool ByNetem()
    {
        Words = "20 Mbit/s, 100 ms there and back, 1 % loss on the way to the reader, the server with CUBIC (tc netem between two network namespaces)";
        var made = Ip($"link add veth0 netns {_server} type veth peer name veth0 netns {_client}")
            && Ip($"netns exec {_server} {Shape.Replace("LINE", "veth0", StringComparison.Ordinal)} loss 1%", $"netns exec {_client} {Shape.Replace("LINE", "veth0", StringComparison.Ordinal)}")
            && Up("veth0", "veth0");
        if (!made)
            Ip($"-n {_server} link del veth0");
        return made;
    }

    private bool ByPackets()
    {
        Words = "20 Mbit/s, 100 ms there and back, 1 % loss on the way to the reader, the server with CUBIC (two network namespaces; this kernel has no netem, so this process carries the packets between two TUN devices)";
        foreach (var space in new[] { _server, _client })
        {
            if (TunnelEnd.TryMake(space) is not { } end)
                return false;
            _ends.Add(end);
            if (!Ip($"link set {space} netns {space}"))
                return false;
        }

        PacketLine.Start(_ends[0], _ends[1], 0.01, 1, _stop.Token);
        PacketLine.Start(_ends[1], _ends[0], 0, 2, _stop.Token);
        return Up(_server, _client);
    }

    private bool Up(string server, string client) => Ip(
        $"-n {_server} addr add {ServerAddress}/24 dev {server}",
        $"-n {_client} addr add {ClientAddress}/24 dev {client}",
        $"-n {_server} link set lo up",
        $"-n {_client} link set lo up",
        $"-n {_server} link set {server} up",
        $"-n {_client} link set {client} up");

    private bool Ip(params string[] steps) => Array.TrueForAll(steps, arguments =>
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo("ip", arguments) { UseShellExecute = false, RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    });
}
