using System.Buffers;
using System.Diagnostics;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Hybrid.EndToEnd.Desktop;

/// <summary>A page in a headless Chromium of its own, driven over the DevTools protocol.</summary>
internal sealed class Chromium : IAsyncDisposable
{
    // Long enough for a loaded machine; reached only when something hangs.
    private static readonly TimeSpan Hang = TimeSpan.FromMinutes(5);
    private readonly CancellationTokenSource _hang = new(Hang);
    private readonly ClientWebSocket _socket = new();
    private readonly string _profile = Directory.CreateTempSubdirectory("hybrid-chromium-").FullName;
    private Process? _process;
    private string? _session;
    private int _id;

    /// <summary>The program.</summary>
    /// <value>Null: there is none on this machine.</value>
    public static string? Program { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .SelectMany(folder => new[] { "chromium", "chromium-browser", "google-chrome" }.Select(name => Path.Combine(folder, name)))
        .FirstOrDefault(File.Exists);

    public static async Task<Chromium> OpenAsync(Uri address)
    {
        var browser = new Chromium();
        try
        {
            await browser.StartAsync();
            var target = await browser.CallAsync("Target.createTarget", new() { ["url"] = "about:blank" });
            var attached = await browser.CallAsync("Target.attachToTarget", new() { ["targetId"] = (string)target["targetId"]!, ["flatten"] = true });
            browser._session = (string)attached["sessionId"]!;
            await browser.CallAsync("Page.navigate", new() { ["url"] = address.ToString() });
            return browser;
        }
        catch
        {
            await browser.DisposeAsync();
            throw;
        }
    }

    /// <summary>What an expression, or a promise, gives.</summary>
    public async Task<JsonNode?> EvaluateAsync(string expression)
    {
        var answer = await CallAsync("Runtime.evaluate", new() { ["expression"] = expression, ["awaitPromise"] = true, ["returnByValue"] = true });
        Assert.True(answer["exceptionDetails"] is null, answer["exceptionDetails"]?.ToJsonString());
        return answer["result"]!["value"];
    }

    /// <summary>Returns when an expression is true.</summary>
    public async Task UntilAsync(string expression)
    {
        while (!((await EvaluateAsync($"new Promise(done => requestAnimationFrame(() => done(Boolean({expression}))))"))?.GetValue<bool>() ?? false))
            _hang.Token.ThrowIfCancellationRequested();
    }

    /// <summary>Writes what the page looks like at a size in CSS pixels.</summary>
    public async Task ScreenshotAsync(string path, int width, int height, bool dark)
    {
        await CallAsync("Emulation.setDeviceMetricsOverride", new() { ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = 1, ["mobile"] = false });
        await CallAsync("Emulation.setEmulatedMedia", new() { ["features"] = new JsonArray(new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = dark ? "dark" : "light" }) });
        var image = await CallAsync("Page.captureScreenshot", new() { ["format"] = "png" });
        await File.WriteAllBytesAsync(path, Convert.FromBase64String((string)image["data"]!), _hang.Token);
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        if (_process is { HasExited: false })
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync(_hang.Token);
        }

        _process?.Dispose();
        _hang.Dispose();
        Directory.Delete(_profile, recursive: true);
    }

    private async Task StartAsync()
    {
        // No sandbox: in a container it may not be allowed, and the only page that is opened is ours.
        _process = Process.Start(new ProcessStartInfo(Program!, [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions", "--disable-background-networking",
            "--remote-debugging-port=0", $"--user-data-dir={_profile}", "about:blank"])
        {
            UseShellExecute = false,
            RedirectStandardError = true,
        })!;
        var address = new TaskCompletionSource<Uri>(TaskCreationOptions.RunContinuationsAsynchronously);
        _process.ErrorDataReceived += (_, line) =>
        {
            const string Listening = "DevTools listening on ";
            if (line.Data is null) address.TrySetException(new InvalidOperationException("Chromium ended before it listened."));
            else if (line.Data.StartsWith(Listening, StringComparison.Ordinal)) address.TrySetResult(new(line.Data[Listening.Length..]));
        };
        _process.BeginErrorReadLine();
        await _socket.ConnectAsync(await address.Task.WaitAsync(_hang.Token), _hang.Token);
    }

    private async Task<JsonObject> CallAsync(string method, JsonObject parameters)
    {
        var id = ++_id;
        var message = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters };
        if (_session is not null) message["sessionId"] = _session;
        await _socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(message), WebSocketMessageType.Text, true, _hang.Token);
        while (true)
        {
            var answer = await ReceiveAsync();
            if ((int?)answer["id"] != id) continue; // An event.
            Assert.True(answer["error"] is null, $"{method}: {answer["error"]?.ToJsonString()}");
            return answer["result"]!.AsObject();
        }
    }

    private async Task<JsonObject> ReceiveAsync()
    {
        var message = new ArrayBufferWriter<byte>();
        ValueWebSocketReceiveResult part;
        do
        {
            part = await _socket.ReceiveAsync(message.GetMemory(1 << 16), _hang.Token);
            message.Advance(part.Count);
        }
        while (!part.EndOfMessage);
        return JsonNode.Parse(message.WrittenSpan)!.AsObject();
    }
}
