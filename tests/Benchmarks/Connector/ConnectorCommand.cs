using System.Diagnostics;
using System.Globalization;
using Hybrid.Benchmarks.Engine;
using Hybrid.CloudConnector.OpenAi;
using Hybrid.EndToEnd;
using Hybrid.EndToEnd.Streaming;
using Hybrid.Targets;

namespace Hybrid.Benchmarks.Connector;

/// <summary>The command <c>connector</c>: what our clients add to a bare loop over the same pool, in turns within one run.</summary>
internal static class ConnectorCommand
{
    public const string Help = "connector [--quick]   what the connector adds to a bare HttpClient loop, per request and per token";

    private const string Text = "What does Ada keep in the harbour?";
    private const int Tokens = 1000;
    private const int OtherEvents = 3; // who speaks, why it ended, and what it took

    public static async Task<int> RunAsync(string[] arguments)
    {
        var quick = arguments.Contains("--quick");
        await InstantAsync(quick ? 200 : 4000, quick);
        await WorkerAsync(quick ? 20 : 300, quick);
        return 0;
    }

    private static async Task InstantAsync(int rounds, bool quick)
    {
        using var upstream = new InstantUpstream(1, Tokens);
        using var bare = new BareHttp(upstream.Endpoint);
        await using var target = Target(upstream.Endpoint, "m");
        (string Name, Func<int, Task<int>> Ask)[] ways =
        [
            ("lines read, nothing parsed", async tokens => await bare.AskAsync(Text, tokens, parse: false) - OtherEvents),
            ("bare loop: lines, JsonDocument", tokens => bare.AskAsync(Text, tokens, parse: true)),
            ("OpenAiTarget", tokens => CountAsync(target, tokens)),
        ];
        var load = new LoadMonitor();
        var times = await MeasureAsync([.. ways.SelectMany(way => new[] { () => way.Ask(1), () => way.Ask(Tokens) })], rounds, [1, Tokens]);
        var table = new MarkdownTable(
            Command(quick), quick,
            $"An upstream that has its answer ready (1 or {Tokens} tokens in one write), asked {rounds} times each way in turns; microseconds; others used {load.OthersShare():0%} of the machine.",
            "way", "request of 1 token, p50", "p99", "over the bare loop, p50", "p99", "each further token, p50", "p99", "over the bare loop, p50", "p99");
        var (bareOne, bareToken) = (times[2], PerToken(times[2], times[3]));
        for (var i = 0; i < ways.Length; i++)
        {
            var (one, token) = (times[2 * i], PerToken(times[2 * i], times[(2 * i) + 1]));
            table.Row([ways[i].Name, .. Cells(one), .. Over(one, bareOne), .. Cells(token), .. Over(token, bareToken)]);
        }
    }

    private static async Task WorkerAsync(int rounds, bool quick)
    {
        const int Answer = 16;
        await using var pool = await RealPool.StartAsync(Repository.EdgeModel);
        await pool.Target.WarmAsync();
        using var http = new BareHttp(pool.Worker.Http);
        using var grpc = new BareGrpc(pool.Worker.Grpc);
        await using var target = Target(pool.Worker.Http, Path.GetFileNameWithoutExtension(Repository.EdgeModel));
        string[] names = ["OpenAI HTTP: bare loop", "OpenAI HTTP: OpenAiTarget", "gRPC: bare loop", "gRPC: WorkerTarget"];
        var load = new LoadMonitor(pool.Worker.Id);
        var times = await MeasureAsync(
            [() => http.AskAsync(Text, Answer, parse: true), () => CountAsync(target, Answer), () => grpc.AskAsync(Text, Answer), () => CountAsync(pool.Target, Answer)], rounds, null);
        var table = new MarkdownTable(
            Command(quick), quick,
            $"\nhybrid-worker in a process of its own with the edge model, greedy answers of up to {Answer} tokens, asked {rounds} times each way in turns; microseconds for a whole answer; others used {load.OthersShare():0%} of the machine.",
            "way", "p50", "p99", "over the bare loop, p50 of the differences");
        for (var i = 0; i < names.Length; i++)
        {
            var bare = times[i - (i % 2)];
            table.Row([names[i], .. Cells(times[i]), i % 2 == 0 ? "" : Digits(Statistics.Median(times[i].Zip(bare, (own, other) => own - other)))]);
        }
    }

    private static string Command(bool quick) => "dotnet run -c Release --project tests/Benchmarks -- connector" + (quick ? " --quick" : "");

    private static OpenAiTarget Target(Uri endpoint, string model) => new(new()
    {
        Endpoint = endpoint,
        Continuation = ContinuationMode.None,
        Descriptor = RealPool.Described with { Model = model },
    });

    private static async Task<int> CountAsync(ITarget target, int tokens)
    {
        var request = new DecodeRequest { Prompt = new MessagesPrompt([new("user", Text)]), Sampling = SamplingOptions.Greedy, MaxTokens = tokens };
        var count = 0;
        await foreach (var update in target.GenerateAsync(request))
            count += update.TokenCount;
        return count;
    }

    /// <summary>Microseconds of each round, each way after the other within it.</summary>
    private static async Task<double[][]> MeasureAsync(Func<Task<int>>[] ways, int rounds, int[]? expected)
    {
        var times = ways.Select(_ => new double[rounds]).ToArray();
        for (var round = -rounds / 4; round < rounds; round++)
        {
            for (var way = 0; way < ways.Length; way++)
            {
                var start = Stopwatch.GetTimestamp();
                var count = await ways[way]();
                if (round >= 0)
                    times[way][round] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
                if (expected is not null && count != expected[way % expected.Length])
                    throw new NotSupportedException($"Way {way} gave {count} tokens.");
            }
        }

        return times;
    }

    private static double[] PerToken(double[] one, double[] many) => [.. many.Zip(one, (long_, short_) => (long_ - short_) / (Tokens - 1))];

    private static string[] Cells(double[] times) => [Digits(Statistics.Median(times)), Digits(Statistics.Quantile(times, 0.99))];

    /// <summary>The difference of the quantiles; rounds are too noisy for the quantiles of differences.</summary>
    private static string[] Over(double[] times, double[] bare) => ReferenceEquals(times, bare)
        ? ["", ""]
        : [Digits(Statistics.Median(times) - Statistics.Median(bare)), Digits(Statistics.Quantile(times, 0.99) - Statistics.Quantile(bare, 0.99))];

    private static string Digits(double value) => value.ToString("0.0", CultureInfo.InvariantCulture);
}
