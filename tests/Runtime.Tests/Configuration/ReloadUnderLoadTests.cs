using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Hybrid.Configuration;
using Hybrid.Policy;
using Hybrid.Targets;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Hybrid.Tests.Configuration;

/// <summary>Requests while the policy file changes under them.</summary>
public sealed class ReloadUnderLoadTests : IDisposable
{
    private const int Requests = 10_000;
    private const int Callers = 4;
    private const int RequestsPerChange = 10; // at a millisecond of the clock each, a change every 10 ms

    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid-reload").FullName;
    private readonly ManualTimeProvider _time = new();
    private readonly EventLog _log = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Ten_thousand_requests_and_a_file_that_changes_every_10_ms_lose_nothing()
    {
        Write(Good(0));
        var root = new ConfigurationBuilder().AddJsonFile(SettingsFile, optional: false, reloadOnChange: false).Build();
        await using var services = Services(root);
        var client = services.GetRequiredService<HybridChatClient>();
        var inForce = Version(Good(0));
        var written = new ConcurrentDictionary<string, bool> { [inForce] = true };
        var named = new ConcurrentDictionary<string, int>();
        var (changes, good, refused, unread, asked) = (0, 0, 0, 0, 0);
        using var change = new SemaphoreSlim(1);

        await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Increment(ref asked) is var number && number <= Requests)
            {
                _time.Advance(TimeSpan.FromMilliseconds(1));
                var version = number % RequestsPerChange == 0 ? await ChangeAsync() : await AskAsync();
                Assert.True(written.ContainsKey(version), $"request {number} names version {version}, which never was valid");
                named.AddOrUpdate(version, 1, static (_, count) => count + 1);
            }
        })));

        // Each kind of change came, many policies were in force, and each bad one that .NET could read was logged.
        Assert.Equal(Requests, named.Values.Sum());
        Assert.Equal(Requests / RequestsPerChange, changes);
        Assert.Equal(Requests / RequestsPerChange, good + refused + unread);
        Assert.True(good > 300 && refused > 300 && unread > 100, $"{good} good, {refused} refused, {unread} unread");
        Assert.InRange(named.Count, good, good + 1); // each of them decided, and perhaps the one that was there first
        // A reload by hand tells of a file once for the file and once for all.
        Assert.InRange(_log.Entries.Count(entry => entry.Id == 1201), good, 2 * good);
        Assert.InRange(_log.Entries.Count(entry => entry.Id == 1202), refused, 2 * refused);
        Assert.All(_log.Entries.Where(entry => entry.Id == 1202), entry => Assert.Contains("the last good policies stay, mine the default. ", entry.Text, StringComparison.Ordinal));
        Assert.All(new[] { "DollarsPerSecond: NaN is out of range", "DolarsPerSecond: there is no such key", "there is no policy 'none'", "are all gone" },
            reason => Assert.Contains(_log.Entries, entry => entry.Id == 1202 && entry.Text.Contains(reason, StringComparison.Ordinal)));

        async Task<string> AskAsync()
        {
            var response = await client.GetResponseAsync("Hello");
            Assert.Equal("hi", response.Text);
            return ((Decision)response.AdditionalProperties![HybridUpdateKeys.Decision]!).PolicyVersion;
        }

        // Whoever changes the file asks before the next one does.
        async Task<string> ChangeAsync()
        {
            await change.WaitAsync();
            try
            {
                var settings = (++changes % 8) switch
                {
                    1 => """{ "Hybrid": { "Policies": { """, // not JSON
                    2 => Good(changes).Replace("DollarsPerSecond", "DolarsPerSecond", StringComparison.Ordinal),
                    3 => Good(changes).Replace("\"Policy\": \"mine\"", "\"Policy\": \"none\"", StringComparison.Ordinal),
                    5 => Good(changes).Replace("\"DollarsPerSecond\": ", "\"DollarsPerSecond\": \"NaN\", \"Purpose\": ", StringComparison.Ordinal),
                    6 => "{}",
                    _ => Good(changes),
                };
                Write(settings);
                var before = inForce;
                switch (changes % 8)
                {
                    case 1:
                        Assert.Throws<InvalidDataException>(root.Reload);
                        unread++;
                        break;
                    case 2 or 3 or 5 or 6:
                        root.Reload();
                        refused++;
                        break;
                    default:
                        inForce = Version(settings);
                        written[inForce] = true;
                        root.Reload();
                        good++;
                        Assert.NotEqual(before, inForce);
                        break;
                }

                Assert.Equal(inForce, client.Decide([new(ChatRole.User, "x")]).PolicyVersion);
                var version = await AskAsync();
                Assert.Equal(inForce, version);
                return version;
            }
            finally
            {
                change.Release();
            }
        }
    }

    [Fact]
    public void A_file_that_vanishes_takes_no_wall_with_it()
    {
        Write("""{ "Hybrid": { "Privacy": "secret", "Policies": { "balanced": { "Base": "balanced", "AllowedZones": [ "device" ] } } } }""");
        var root = new ConfigurationBuilder()
            .AddInMemoryCollection([new("Hybrid:Pools:cloud:Endpoint", "http://pool"), new("Hybrid:Pools:cloud:Zone", "public"), new("Hybrid:Pools:cloud:Model", "m")])
            .AddJsonFile(SettingsFile, optional: true, reloadOnChange: false).Build();
        using var services = Services(root);
        var client = services.GetRequiredService<HybridChatClient>();
        Assert.Null(client.Decide([new(ChatRole.User, "x")]).Chosen);

        File.Delete(SettingsFile);
        root.Reload();
        Assert.Null(client.Decide([new(ChatRole.User, "x")]).Chosen);
        Assert.Contains(_log.Entries, entry => entry.Id == 1202 && entry.Text.Contains("Hybrid: Policy, Privacy and Policies are all gone", StringComparison.Ordinal));

        Write("""{ "Hybrid": { "Privacy": "public" } }"""); // said, and not merely gone
        root.Reload();
        Assert.Equal("cloud", client.Decide([new(ChatRole.User, "x")]).Chosen!.Name);
    }

    [Fact]
    public void What_may_surprise_is_logged_at_the_start()
    {
        var root = new ConfigurationBuilder().AddInMemoryCollection([
            new("Hybrid:Privacy", "secret"), new("Hybrid:Pools:cloud:Endpoint", "http://pool"), new("Hybrid:Pools:cloud:Zone", "public"), new("Hybrid:Pools:cloud:Model", "m")]).Build();
        using var services = Services(root);
        services.GetRequiredService<HybridChatClient>();
        var warnings = _log.Entries.Where(entry => entry.Id == 1203).Select(entry => entry.Text).ToArray();
        Assert.Contains("Hybrid:Privacy: no target may see secret requests; one that states no class is secret and will be refused.", warnings);
    }

    private string SettingsFile => Path.Combine(_folder, "hybrid.json");

    private void Write(string settings) => File.WriteAllText(SettingsFile, settings);

    private static string Good(int number) => string.Create(CultureInfo.InvariantCulture, $$"""
        { "Hybrid": {
          "Policy": "mine",
          "Policies": { "mine": { "DollarsPerSecond": {{0.001 + (number * 1e-6)}} } },
          "Pools": { "cloud": { "Endpoint": "http://pool:8080", "Zone": "region:eu", "Model": "m" } } } }
        """);

    /// <summary>The version that settings give when nothing else was ever read.</summary>
    private static string Version(string settings)
    {
        var options = new HybridOptions();
        new HybridOptionsReader(new ConfigurationBuilder().AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(settings))).Build().GetSection(HybridOptions.Section)).Configure(options);
        Assert.Empty(options.Errors);
        return options.Policies["mine"].Version;
    }

    private ServiceProvider Services(IConfiguration configuration) => new ServiceCollection()
        .AddSingleton<TimeProvider>(_time)
        .AddLogging(logging => logging.AddProvider(_log))
        .AddHybrid(configuration)
        .AddSingleton<ITargetFactory>(new InstantPools())
        .BuildServiceProvider();

    private sealed class InstantPools : ITargetFactory
    {
        public string Type => "worker";

        public ITarget Create(PoolOptions options) => new InstantTarget(options.Descriptor);
    }

    /// <summary>Answers any number of callers at once, at once.</summary>
    private sealed class InstantTarget(TargetDescriptor descriptor) : ITarget
    {
        public TargetDescriptor Descriptor => descriptor;

        public TargetState State => TargetState.Warm;

        public async IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            await Task.Yield();
            yield return new("hi", 1);
            yield return new("", 0, new() { Finish = DecodeFinish.Stop, OutputTokens = 1 });
        }

        public ValueTask WarmAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class EventLog : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<(int Id, string Text)> Entries { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Entries.Enqueue((eventId.Id, formatter(state, exception)));
    }
}
