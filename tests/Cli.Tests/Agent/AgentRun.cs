using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;
using Hybrid.EndToEnd;

namespace Hybrid.Cli.Tests.Agent;

/// <summary>An agent in a process of its own, with a folder for all that it keeps, and a socket on which it says how it is.</summary>
internal sealed class AgentRun : IAsyncDisposable
{
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromMinutes(3));
    private readonly Socket _notified;
    private readonly StringBuilder _log = new();
    private readonly Channel<string> _logged = Channel.CreateUnbounded<string>();
    private readonly Channel<string> _said = Channel.CreateUnbounded<string>();
    private readonly Task _reading;
    private Process? _process;

    private AgentRun(string folder)
    {
        Folder = folder;
        _notified = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        _notified.Bind(new UnixDomainSocketEndPoint(Path.Combine(folder, "notify")));
        _reading = ReadAsync();
    }

    public string Folder { get; }

    public Uri Address { get; private set; } = new("http://none");

    public HttpClient Http { get; private set; } = new();

    /// <summary>Ends a test that hangs.</summary>
    public CancellationToken Limit => _limit.Token;

    public string Log
    {
        get
        {
            lock (_log) return _log.ToString();
        }
    }

    public static async Task<AgentRun> StartAsync(string settings)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals and datagrams of Unix.");
        var run = new AgentRun(Directory.CreateTempSubdirectory("hybrid-agent-").FullName);
        run.Write(settings);
        await run.StartAgainAsync();
        return run;
    }

    /// <summary>Writes the section Hybrid; FOLDER stands for the run's folder and MODEL for the starter model.</summary>
    public void Write(string settings) => File.WriteAllText(
        Path.Combine(Folder, "agent.json"), settings.Replace("FOLDER", Folder, StringComparison.Ordinal).Replace("MODEL", Repository.EdgeModel, StringComparison.Ordinal));

    public async Task StartAgainAsync()
    {
        var start = new ProcessStartInfo("dotnet", [ChildProcess.PathOf("src/Cli", "hybrid"), "agent", "--config", Path.Combine(Folder, "agent.json")])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Folder,
        };
        start.Environment["NOTIFY_SOCKET"] = Path.Combine(Folder, "notify");
        start.Environment["WATCHDOG_USEC"] = "4000000"; // a few words a second would fill the socket, ten datagrams, while this process stands still
        _process = new() { StartInfo = start };
        _process.ErrorDataReceived += (_, line) =>
        {
            lock (_log) _log.AppendLine(line.Data);
            _logged.Writer.TryWrite(line.Data ?? "");
        };
        _process.Start();
        _process.BeginErrorReadLine();
        var line = await _process.StandardOutput.ReadLineAsync(Limit);
        Assert.True(line?.StartsWith("Listening on ", StringComparison.Ordinal) == true, $"{line} {Log}");
        Address = new(line!["Listening on ".Length..].Replace("/v1", "/", StringComparison.Ordinal));
        Http.Dispose();
        Http = new() { BaseAddress = Address };
    }

    /// <summary>Reads what it says of itself until it says this.</summary>
    public async Task<string> SaidAsync(string wanted)
    {
        while (true)
        {
            if (await _said.Reader.ReadAsync(Limit) is var words && words.Contains(wanted, StringComparison.Ordinal)) return words;
        }
    }

    /// <summary>Reads its log until it has this in a line: the log has a pipe of its own, and may be behind what is said elsewhere.</summary>
    public async Task LoggedAsync(string wanted)
    {
        while (!(await _logged.Reader.ReadAsync(Limit)).Contains(wanted, StringComparison.Ordinal))
        {
            // Of something else.
        }
    }

    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", _process!.Id.ToString()]);
        await kill.WaitForExitAsync(Limit);
    }

    public async Task<int> EndAsync()
    {
        await _process!.WaitForExitAsync(Limit);
        return _process.ExitCode;
    }

    public async Task<(int Status, string Body)> AskAsync(string question)
    {
        using var response = await Http.PostAsync(new Uri("v1/chat/completions", UriKind.Relative), new StringContent(question), Limit);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(Limit));
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (_process is { HasExited: false })
        {
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        _process?.Dispose();
        await _limit.CancelAsync();
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _notified.Dispose();
        _limit.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private async Task ReadAsync()
    {
        var buffer = new byte[4096];
        while (true)
        {
            var count = await _notified.ReceiveAsync(buffer, Limit);
            _said.Writer.TryWrite(Encoding.UTF8.GetString(buffer, 0, count));
        }
    }
}
