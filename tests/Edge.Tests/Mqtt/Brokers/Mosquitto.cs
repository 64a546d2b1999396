using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Hybrid.Edge.Tests.Mqtt.Brokers;

/// <summary>A mosquitto with a folder of its own, which can be killed and started again where it was.</summary>
public sealed class Mosquitto : IBroker
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid-mosquitto-").FullName;
    private readonly string[] _settings;
    private readonly bool _secure;
    private Process? _process;
    private bool _hasRun;

    private Mosquitto(string[] settings)
    {
        _settings = settings;
        _secure = settings.Any(line => line.StartsWith("certfile", StringComparison.Ordinal));
    }

    /// <summary>What a test that is skipped says.</summary>
    public const string Missing = "mosquitto is not installed: 'apt-get install mosquitto', or https://mosquitto.org/download.";

    /// <summary>The program; null where it is not installed.</summary>
    public static string? Program { get; } = new[] { "/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/opt/homebrew/sbin/mosquitto", @"C:\Program Files\mosquitto\mosquitto.exe" }.FirstOrDefault(File.Exists);

    public int Port { get; private set; }

    public Uri Endpoint => new($"{(_secure ? "mqtts" : "mqtt")}://127.0.0.1:{Port}");

    /// <summary>Starts one, or skips the test where there is none.</summary>
    /// <param name="settings">Lines of its configuration, besides where it listens.</param>
    public static async Task<Mosquitto> StartAsync(params string[] settings)
    {
        Assert.SkipWhen(Program is null, Missing);
        var broker = new Mosquitto(settings);
        await broker.StartAgainAsync();
        return broker;
    }

    /// <summary>Ends it as a loss of power would.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Ends it in order, so that it writes down what it has.</summary>
    public async Task StopAsync()
    {
        using var stop = Process.Start("kill", $"-TERM {_process!.Id}");
        await _process.WaitForExitAsync();
    }

    /// <summary>Starts it where it was.</summary>
    public async Task StartAgainAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (true)
        {
            _process?.Dispose();
            if (!_hasRun) Port = FreePort();
            await File.WriteAllLinesAsync(Path.Combine(_folder, "mosquitto.conf"), Settings(), limit.Token);
            _process = Process.Start(new ProcessStartInfo(Program!, ["-c", "mosquitto.conf"]) { WorkingDirectory = _folder, RedirectStandardError = true, UseShellExecute = false })!;
            while (await _process.StandardError.ReadLineAsync(limit.Token) is { } line)
            {
                if (!line.Contains("running", StringComparison.Ordinal)) continue;
                _ = _process.StandardError.ReadToEndAsync(CancellationToken.None); // so that it never waits for us
                _hasRun = true;
                return;
            }

            // Somebody else took the port between our look and its start, or for a moment while it was down.
            await _process.WaitForExitAsync(limit.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process!.HasExited) await KillAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private IEnumerable<string> Settings() =>
    [
        "log_dest stderr", "user root", "max_queued_messages 0", "set_tcp_nodelay true",
        "log_type notice", "log_type error", "log_type information",
        .. _settings.Where(IsGlobal),
        $"listener {Port} 127.0.0.1",
        .. _settings.Where(line => !IsGlobal(line)),
        .. _settings.Any(line => line.StartsWith("allow_anonymous", StringComparison.Ordinal)) ? (string[])[] : ["allow_anonymous true"],
    ];

    // Settings of a listener must stand behind it.
    private static bool IsGlobal(string line) => !new[] { "certfile", "keyfile", "cafile", "require_certificate", "max_qos", "max_topic_alias", "use_identity" }
        .Any(name => line.StartsWith(name, StringComparison.Ordinal));
}
