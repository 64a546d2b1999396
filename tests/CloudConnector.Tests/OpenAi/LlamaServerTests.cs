using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Hybrid.CloudConnector.OpenAi;
using Hybrid.CloudWorker.Tests;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.Tests.OpenAi;

/// <summary>Our client against llama.cpp's own server, which others wrote; <c>tests/Peers/llama-server/build.sh</c> makes it.</summary>
public sealed class LlamaServerTests(LlamaServerTests.Server server) : IClassFixture<LlamaServerTests.Server>
{
    private OpenAiTargetOptions Options
    {
        get
        {
            Assert.SkipUnless(Server.IsBuilt, "llama-server is not built; run tests/Peers/llama-server/build.sh (needs git, cmake and a C++ compiler).");
            return ServerCases.Options(server.Endpoint, "starter") with { ApiKey = "client-key", Sampling = SamplingFields.LlamaServer };
        }
    }

    [Fact]
    public Task It_streams() => ServerCases.StreamsAsync(Options);

    [Theory]
    [InlineData(ContinuationMode.Vllm)]
    [InlineData(ContinuationMode.Prefill)]
    [InlineData(ContinuationMode.Completions)]
    public Task A_cut_answer_goes_on_as_the_unbroken_one(ContinuationMode mode) =>
        ServerCases.ContinuesAsync(Options with { Continuation = mode, ChatTemplatePath = server.Template });

    [Fact]
    public Task It_tells_scores() => ServerCases.ScoresAsync(Options);

    [Fact]
    public Task It_keeps_formats() => ServerCases.KeepsFormatsAsync(Options);

    [Fact]
    public Task It_takes_options() => ServerCases.TakesOptionsAsync(Options);

    [Fact]
    public Task That_it_goes_on_is_found_out() => ServerCases.FindsOutAsync(Options, ContinuationMode.Vllm);

    [Fact]
    public async Task Its_health_and_its_refusals_are_understood()
    {
        await using var target = new OpenAiTarget(Options with { Wake = WakeMode.LlamaServer });
        Assert.True(await target.ProbeAsync());
        Assert.Equal(TargetReadiness.Warm, target.State.Readiness);
        await target.WarmAsync();
        await using var stranger = new OpenAiTarget(Options with { ApiKey = "wrong" });
        Assert.Equal(HybridError.Unauthorized, (await Assert.ThrowsAsync<HybridException>(() => ServerCases.CollectAsync(stranger, ServerCases.Ask()))).Error);
        var fault = await Assert.ThrowsAsync<HybridException>(() => ServerCases.CollectAsync(target, ServerCases.Ask() with { Format = new GrammarOutput("root ::= nonsense") }));
        Assert.Equal(HybridError.InvalidRequest, fault.Error);
    }

    [Fact]
    public async Task A_server_that_unloads_when_idle_is_seen_asleep_and_woken()
    {
        var options = Options with { Wake = WakeMode.LlamaServer };
        await using var sleeper = await Server.StartAsync("--sleep-idle-seconds", "1");
        await using var target = new OpenAiTarget(options with { Endpoint = sleeper.Endpoint });
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        do
            await target.ProbeAsync(limit.Token);
        while (target.State.Readiness != TargetReadiness.Cold);
        await target.WarmAsync(limit.Token);
        Assert.Equal(TargetReadiness.Warm, target.State.Readiness);
        await ServerCases.CollectAsync(target, ServerCases.Ask(tokens: 2));
    }

    public sealed class Server : IAsyncLifetime
    {
        private static readonly string Folder = Path.Combine(Repository.Root, "tests", "Peers", "llama-server");
        private static readonly string Program = Path.Combine(Folder, "obj", "build", "llama-server");
        private readonly string _template = Path.GetTempFileName();
        private string[] _more = [];
        private Process? _process;

        public static bool IsBuilt => File.Exists(Program);

        public Uri Endpoint { get; private set; } = new("http://127.0.0.1:1");

        /// <summary>The chat template of the starter models, as the server renders it.</summary>
        public string Template => _template;

        public static async Task<Server> StartAsync(params string[] more)
        {
            var server = new Server { _more = more };
            await server.InitializeAsync();
            return server;
        }

        public async ValueTask InitializeAsync()
        {
            if (!IsBuilt)
                return;
            File.WriteAllText(_template, "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}");
            Endpoint = new($"http://127.0.0.1:{FreePort()}");
            // Where the libraries are, the server finds its processor backends.
            var start = new ProcessStartInfo(Program) { WorkingDirectory = Path.Combine(Folder, "obj", "libraries"), UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
            foreach (var argument in (string[])["-m", Repository.EdgeModel, "--alias", "starter", "--host", "127.0.0.1", "--port", $"{Endpoint.Port}", "-c", "4096", "-np", "4", "-t", "1", "--api-key", "client-key", .. _more])
                start.ArgumentList.Add(argument);
            _process = Process.Start(start)!;
            _ = _process.StandardOutput.ReadToEndAsync();
            _ = _process.StandardError.ReadToEndAsync();
            await using var target = new OpenAiTarget(ServerCases.Options(Endpoint, "starter") with { ApiKey = "client-key" });
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            do
                await target.ProbeAsync(limit.Token);
            while (target.State.Readiness != TargetReadiness.Warm && !_process.HasExited);
        }

        public ValueTask DisposeAsync()
        {
            if (_process is { HasExited: false })
                _process.Kill();
            _process?.Dispose();
            File.Delete(_template);
            return default;
        }

        private static int FreePort()
        {
            using var socket = new TcpListener(IPAddress.Loopback, 0);
            socket.Start();
            return ((IPEndPoint)socket.LocalEndpoint).Port;
        }
    }
}
