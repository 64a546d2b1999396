using System.Text.Json;
using Hybrid.EndToEnd;
using Hybrid.Models.Store;

namespace Hybrid.Cli.Tests.Models;

/// <summary><c>hybrid models</c> as a script sees it, over a store with a starter model.</summary>
public sealed class ModelsCommandTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid-models").FullName;

    private string Root => Path.Combine(_folder, "store");

    public async ValueTask InitializeAsync()
    {
        var store = ModelStore.Open(Root);
        await AddAsync(store, "edge:q8_0", "model.gguf", Repository.EdgeModel);
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task List_shows_what_is_there_and_what_could_be()
    {
        using var listed = await JsonAsync(0, "list", "--known");
        var model = Assert.Single(listed.RootElement.GetProperty("models").EnumerateArray());
        Assert.Equal(("edge:q8_0", new FileInfo(Repository.EdgeModel).Length, false), (model.GetProperty("name").GetString(), model.GetProperty("bytes").GetInt64(), model.GetProperty("inUse").GetBoolean()));
        var known = listed.RootElement.GetProperty("known").EnumerateArray().ToDictionary(one => one.GetProperty("name").GetString()!);
        Assert.Equal((0.637, "measured"), (known["qwen3-32b"].GetProperty("accuracy").GetDouble(), known["qwen3-32b"].GetProperty("accuracyKind").GetString()));
        Assert.Equal("estimated", known["qwen3-8b"].GetProperty("accuracyKind").GetString());
        var text = await ModelsAsync("list");
        Assert.StartsWith("edge:q8_0  ", text.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Show_says_whether_a_stored_model_fits_by_its_header()
    {
        using var shown = await JsonAsync(0, "show", "edge:q8_0");
        var model = shown.RootElement;
        Assert.True(model.GetProperty("fits").GetBoolean());
        Assert.Equal((true, 1024, 1024), (model.GetProperty("stored").GetBoolean(), model.GetProperty("contextLength").GetInt32(), model.GetProperty("countedContext").GetInt32()));
        var memory = model.GetProperty("quantisations")[0].GetProperty("memoryBytes").GetInt64();
        Assert.InRange(memory, new FileInfo(Repository.EdgeModel).Length, 1L << 30);
        Assert.Equal(64, model.GetProperty("files")[0].GetProperty("sha256").GetString()!.Length);
    }

    [Fact]
    public async Task Show_says_of_a_known_model_what_would_fit_instead()
    {
        using var small = await JsonAsync(0, "show", "Qwen/Qwen3-0.6B-GGUF");
        Assert.Equal(("qwen3-0.6b", 0.327, false), (small.RootElement.GetProperty("name").GetString(), small.RootElement.GetProperty("accuracy").GetDouble(), small.RootElement.GetProperty("stored").GetBoolean()));
        Assert.StartsWith("Q8_0: it needs ", small.RootElement.GetProperty("why").GetString(), StringComparison.Ordinal);
        using var large = await JsonAsync(1, "show", "llama-3.1-70b:q8_0", "--context", "131072");
        Assert.False(large.RootElement.GetProperty("fits").GetBoolean());
        Assert.StartsWith("hf:", large.RootElement.GetProperty("instead").GetString(), StringComparison.Ordinal);
        var unknown = await ModelsAsync("show", "qwen3-0.7b");
        Assert.Equal(2, unknown.ExitCode);
        Assert.Contains("Near it are ", unknown.Errors, StringComparison.Ordinal);
        Assert.Contains("qwen3-0.6b", unknown.Errors, StringComparison.Ordinal);
        var wrong = await ModelsAsync("show", "qwen3-0.6b:q4_k_m");
        Assert.Equal((2, "Of model 'qwen3-0.6b' no Q4_K_M is known; there are Q8_0."), (wrong.ExitCode, wrong.Errors.Trim()));
    }

    [Fact]
    public async Task Verify_finds_a_flipped_bit()
    {
        using (var good = await JsonAsync(0, "verify"))
            Assert.Empty(good.RootElement.GetProperty("models")[0].GetProperty("problems").EnumerateArray());
        var store = ModelStore.Open(Root);
        var blob = store.BlobPath(store.Find(ModelName.Parse("edge:q8_0"))!.Manifest!.Files[0].Sha256);
        File.SetAttributes(blob, FileAttributes.Normal);
        await using (var file = new FileStream(blob, FileMode.Open, FileAccess.ReadWrite))
        {
            file.Position = file.Length / 2;
            var value = file.ReadByte();
            file.Position--;
            file.WriteByte((byte)(value ^ 1));
        }

        using var bad = await JsonAsync(1, "verify", "edge:q8_0");
        Assert.NotEmpty(bad.RootElement.GetProperty("models")[0].GetProperty("problems").EnumerateArray());
        var missing = await ModelsAsync("verify", "nosuch");
        Assert.Equal(1, missing.ExitCode);
        Assert.Contains("There is no model 'nosuch:latest'", missing.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rm_leaves_what_is_in_use_or_pinned_and_frees_the_rest()
    {
        using (ModelStore.Open(Root).Use(ModelName.Parse("edge:q8_0")))
        {
            var used = await ModelsAsync("rm", "edge:q8_0");
            Assert.Equal(1, used.ExitCode);
            Assert.Contains("is loaded by a process. It was not removed.", used.Errors, StringComparison.Ordinal);
        }

        Assert.Equal(0, (await ModelsAsync("pin", "edge:q8_0")).ExitCode);
        Assert.Equal(2, (await ModelsAsync("rm", "edge:q8_0")).ExitCode);
        Assert.Equal(0, (await ModelsAsync("unpin", "edge:q8_0")).ExitCode);
        using var removed = await JsonAsync(0, "rm", "edge:q8_0");
        Assert.Equal(new FileInfo(Repository.EdgeModel).Length, removed.RootElement.GetProperty("freedBytes").GetInt64());
        Assert.Empty(ModelStore.Open(Root).List());
    }

    [Fact]
    public async Task Gc_removes_the_least_recently_used_over_the_quota_and_says_so_first()
    {
        await AddAsync(ModelStore.Open(Root), "cloud:q8_0", "model.gguf", Repository.CloudModel);
        var quota = $"{new FileInfo(Repository.CloudModel).Length + 1000}";
        using (var dry = await JsonAsync(0, "gc", "--quota", quota, "--dry-run"))
            Assert.Equal("edge:q8_0", dry.RootElement.GetProperty("removed")[0].GetString());
        Assert.Equal(2, ModelStore.Open(Root).List().Count);
        using var done = await JsonAsync(0, "gc", "--quota", quota);
        Assert.Equal("edge:q8_0", done.RootElement.GetProperty("removed")[0].GetString());
        Assert.Equal("cloud:q8_0", Assert.Single(ModelStore.Open(Root).List()).Name.ToString());
        Assert.Contains("--quota: 'much'", (await ModelsAsync("gc", "--quota", "much")).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prefetch_primes_and_loads_and_shows_the_plan()
    {
        using (var primed = await JsonAsync(0, "prefetch", "edge:q8_0"))
        {
            Assert.Equal(new FileInfo(Repository.EdgeModel).Length, primed.RootElement.GetProperty("bytes").GetInt64());
            if (OperatingSystem.IsLinux()) Assert.Equal(1, primed.RootElement.GetProperty("residentShare").GetDouble());
        }

        Assert.Contains("and loads", (await ModelsAsync("prefetch", "edge:q8_0", "--level", "loaded")).Output, StringComparison.Ordinal);
        Assert.Equal(2, (await ModelsAsync("prefetch", "edge:q8_0", "--level", "fetched")).ExitCode);

        var config = Path.Combine(_folder, "hybrid.json");
        await File.WriteAllTextAsync(config, """{ "Hybrid": { "Models": { "Prefetch": { "Models": [ { "Model": "edge:q8_0", "Level": "primed" } ] } } } }""", TestContext.Current.CancellationToken);
        using var plan = await JsonAsync(0, "prefetch", "--config", config);
        var change = Assert.Single(plan.RootElement.GetProperty("changes").EnumerateArray());
        Assert.Equal(("edge:q8_0", "primed", "it is configured"), (change.GetProperty("model").GetString(), change.GetProperty("level").GetString(), change.GetProperty("why").GetString()));
    }

    [Fact]
    public async Task Pull_fetches_verifies_and_names_what_then_answers()
    {
        var pulled = await ModelsAsync("pull", "file:" + Repository.CloudModel, "--name", "mine:q8_0", "--json");
        Assert.True(pulled.ExitCode == 0, pulled.Errors);
        var lines = pulled.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        using var last = JsonDocument.Parse(lines[^1]);
        Assert.Equal(("mine:q8_0", new FileInfo(Repository.CloudModel).Length), (last.RootElement.GetProperty("name").GetString(), last.RootElement.GetProperty("bytes").GetInt64()));
        Assert.All(lines[..^1], line => Assert.Contains("\"stage\":", line, StringComparison.Ordinal));
        var again = await ModelsAsync("pull", "file:" + Repository.CloudModel, "--name", "mine:q8_0");
        Assert.Contains("Model 'mine:q8_0' is in the store: ", again.Output, StringComparison.Ordinal);
        using var verified = await JsonAsync(0, "verify", "mine:q8_0");
        Assert.Empty(verified.RootElement.GetProperty("models")[0].GetProperty("problems").EnumerateArray());
    }

    [Fact]
    public async Task A_device_gives_what_it_has_to_another_of_its_site()
    {
        // The mirror's own copy is damaged, so a pull that succeeds had its bytes from the other device.
        var (mirror, bytes) = (Path.Combine(_folder, "mirror", "site", "edge"), await File.ReadAllBytesAsync(Repository.EdgeModel, TestContext.Current.CancellationToken));
        Directory.CreateDirectory(mirror);
        var index = $$"""{ "files": [ { "path": "edge-Q8_0.gguf", "size": {{bytes.Length}}, "sha256": "{{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes))}}" } ] }""";
        await File.WriteAllTextAsync(Path.Combine(mirror, "index.json"), index, TestContext.Current.CancellationToken);
        bytes[bytes.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(Path.Combine(mirror, "edge-Q8_0.gguf"), bytes, TestContext.Current.CancellationToken);
        var config = Path.Combine(_folder, "peers.json");
        await ConfigureAsync(FreePort()); // where nobody is
        string[] pull = ["models", "pull", "mirror:site/edge:Q8_0", "--config", config, "--store", Path.Combine(_folder, "other")];
        var alone = await ChildProcess.RunAsync("src/Cli", "hybrid", pull);
        Assert.Equal(1, alone.ExitCode);
        Assert.Contains("is not what was announced", alone.Errors, StringComparison.Ordinal);

        using var share = await ShareAsync();
        var together = await ChildProcess.RunAsync("src/Cli", "hybrid", pull);
        Assert.True(together.ExitCode == 0, together.Errors);

        var keyless = await ModelsAsync("share");
        Assert.Equal((2, "Hybrid:Models:Peers:Key is not set"), (keyless.ExitCode, keyless.Errors[..34]));

        Task ConfigureAsync(int port) => File.WriteAllTextAsync(config, $$"""
            { "Hybrid": { "Models": { "Mirror": {{JsonSerializer.Serialize(Path.Combine(_folder, "mirror"))}},
                "Peers": { "Key": "a secret of the site", "Addresses": [ "http://127.0.0.1:{{port}}" ] } } } }
            """, TestContext.Current.CancellationToken);

        async Task<ChildProcess> ShareAsync()
        {
            while (true)
            {
                var port = FreePort();
                await ConfigureAsync(port);
                var sharing = ChildProcess.Start("src/Cli", "hybrid", "models", "share", "--listen", $"http://127.0.0.1:{port}", "--config", config, "--store", Root);
                if (await sharing.Output.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
                {
                    Assert.Contains($"are offered at http://127.0.0.1:{port}", line, StringComparison.Ordinal);
                    return sharing;
                }

                // Somebody else took the port between our look and its start.
                Assert.Contains("Choose another port", (await sharing.EndAsync()).Errors, StringComparison.Ordinal);
                sharing.Dispose();
            }
        }
    }

    private static int FreePort()
    {
        using var socket = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        socket.Start();
        return ((System.Net.IPEndPoint)socket.LocalEndpoint).Port;
    }

    [Theory]
    [InlineData(2, "is not a model's source", "pull", "ftp://x/y")]
    [InlineData(2, "does not say where from, and the catalogue knows no files of such a model", "pull", "mistral-small")]
    [InlineData(2, "Of model 'qwen3-0.6b' no Q2_K is known; there are Q8_0.", "pull", "qwen3-0.6b:q2_k")]
    [InlineData(2, "--speed: 'fast' is not", "pull", "qwen3-0.6b", "--speed", "fast")]
    [InlineData(1, "nosuch.gguf", "pull", "file:/nosuch.gguf")]
    public async Task A_pull_that_cannot_be_is_told_in_a_sentence(int exitCode, string message, params string[] arguments)
    {
        var run = await ModelsAsync(arguments);
        Assert.Equal(exitCode, run.ExitCode);
        Assert.Contains(message, run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_of_the_store_answers_and_is_in_use_meanwhile()
    {
        var config = Path.Combine(_folder, "hybrid.json");
        await File.WriteAllTextAsync(config, $$"""{ "Hybrid": { "Models": { "Root": {{JsonSerializer.Serialize(Root)}} }, "Local": { "ModelPath": "store:edge:q8_0" } } }""", TestContext.Current.CancellationToken);
        var run = await ChildProcess.RunAsync("src/Cli", "hybrid", ["run", "--config", config, "--temperature", "0", "convert 7 bar to kPa"]);
        Assert.True(run.ExitCode == 0, run.Errors);
        Assert.StartsWith("7 bar is 700 kPa.", run.Output, StringComparison.Ordinal);
        var missing = await ChildProcess.RunAsync("src/Cli", "hybrid", ["run", "--config", config, "--model", "store:none", "x"]);
        Assert.Equal(1, missing.ExitCode);
        Assert.Contains("There is no model 'none:latest' in the store.", missing.Errors, StringComparison.Ordinal);
        var wrong = await ChildProcess.RunAsync("src/Cli", "hybrid", ["run", "--config", config, "--model", "store:../x", "x"]);
        Assert.Equal(2, wrong.ExitCode);
        Assert.Contains("Hybrid:Local:ModelPath: 'store:../x' names no model of the store", wrong.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("show", "edge", "--context", "3")]
    [InlineData("rm", "../x")]
    [InlineData("rm")]
    [InlineData("list", "--config", "nosuch.json")]
    [InlineData("gc", "--bogus")]
    public async Task Bad_input_is_one_clear_message(params string[] arguments)
    {
        var run = await ModelsAsync(arguments);
        Assert.Equal(2, run.ExitCode);
        Assert.NotEqual("", run.Errors.Trim());
        Assert.DoesNotContain("   at ", run.Errors, StringComparison.Ordinal);
        Assert.Equal("", run.Output);
    }

    /// <summary>As a pull would leave it: bytes in the store, not outside of it.</summary>
    private static async Task AddAsync(ModelStore store, string name, string file, string source)
    {
        var key = Guid.NewGuid().ToString("N");
        File.Copy(source, store.PartialPath(key));
        await using var stream = File.OpenRead(source);
        var sha256 = Convert.ToHexStringLower(await System.Security.Cryptography.SHA256.HashDataAsync(stream));
        store.Admit(store.PartialPath(key), sha256);
        store.Commit(new() { Name = ModelName.Parse(name), Source = "file:test", Files = [new(file, stream.Length, sha256)], PulledAt = TimeProvider.System.GetUtcNow() });
    }

    private async Task<JsonDocument> JsonAsync(int exitCode, params string[] arguments)
    {
        var run = await ModelsAsync([.. arguments, "--json"]);
        Assert.True(run.ExitCode == exitCode, $"{run.ExitCode}: {run.Errors}");
        return JsonDocument.Parse(run.Output);
    }

    private Task<ChildProcess.Ended> ModelsAsync(params string[] arguments) => ChildProcess.RunAsync("src/Cli", "hybrid", ["models", .. arguments, "--store", Root]);
}
