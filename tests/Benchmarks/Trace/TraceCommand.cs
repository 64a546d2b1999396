using System.Globalization;
using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Targets;
using Hybrid.Tests.Streaming.Simulated;
using Microsoft.Extensions.AI;

namespace Hybrid.Benchmarks.Trace;

/// <summary>The command <c>trace</c>: the same requests in virtual time under the rules of others and under ours, all through the real chat client and conductor.</summary>
/// <remarks>
/// A phone's model (3B: 150 tokens/s of prefill, 15 of decode; quality 0.425) or a laptop's (4B: 800 and 40; 0.512), and a pool of a 32B
/// model that scales to zero (0.637; qualities of Ploskonka 2026), one of whose streams in a hundred breaks. Requests come in bursts; gaps
/// between bursts are long enough for the pool to go cold. Prompts and answers are log-normal, with medians of 300 and 250 tokens.
/// </remarks>
internal static class TraceCommand
{
    private const int Requests = 2000;
    private const double DeviceShare = 0.5; // of DiSCo's rule: the prompt tokens that may go to the server

    public const string Help = "trace                   one trace under several rules, in virtual time";

    private static readonly TargetDescriptor Phone = new()
    {
        Name = "phone",
        Model = "3b",
        Zone = Zone.Device,
        Capabilities = TargetCapabilities.Chat | TargetCapabilities.Continuation,
        Quality = 0.425,
        PrefillTokensPerSecond = 150,
        DecodeTokensPerSecond = 15,
        ActiveWatts = 5,
    };

    private static readonly TargetDescriptor Laptop = Phone with
    {
        Name = "laptop",
        Model = "4b",
        Quality = 0.512,
        PrefillTokensPerSecond = 800,
        DecodeTokensPerSecond = 40,
        ActiveWatts = 40,
    };

    private static readonly TargetDescriptor Pool = new()
    {
        Name = "pool",
        Model = "32b",
        Zone = Zone.Region("eu"),
        Capabilities = TargetCapabilities.Chat | TargetCapabilities.Continuation,
        Quality = 0.637,
        PrefillTokensPerSecond = 6000,
        DecodeTokensPerSecond = 50,
        RoundTrip = TimeSpan.FromMilliseconds(40),
        DollarsPerHour = 5.67 / 8,
        IdleDollarsPerHour = 5.67 / 80, // ten devices share it
        ActiveWatts = 180,
        PowerUsageEffectiveness = 1.2,
        StaysWarm = TimeSpan.FromMinutes(2),
    };

    public static int Run()
    {
        var trace = Draw(new Random(1));
        var threshold = Threshold(trace);
        var alone = PolicyPresets.Balanced with { Name = "alone", Handover = false };
        var race = alone with { Name = "race", HedgeAfter = TimeSpan.Zero };
        var poolOnly = alone with { Name = "pool", AllowedTargets = ["pool"] };
        var deviceOnly = alone with { Name = "device", AllowedTargets = [Phone.Name, Laptop.Name] };
        var paced = PolicyPresets.Balanced with { Name = "paced", TokensPerSecond = 10 };
        (string Name, Func<Asked, RoutingPolicy> Policy, bool PreWarm)[] rules =
        [
            ("pool only", _ => poolOnly, false),
            ("device only", _ => deviceOnly, false),
            ("race", _ => race, false),
            ("DiSCo's rule", asked => asked.Prompt < threshold ? deviceOnly : race, false),
            ("ours, no handover", _ => alone, false),
            ("ours", _ => PolicyPresets.Balanced, false),
            ("ours, woken ahead", _ => PolicyPresets.Balanced, true),
            ("ours, 10 tokens/s", _ => paced, false),
        ];
        Console.WriteLine($"{Requests} requests in virtual time, seed 1. TTFT and stalls in seconds; a stall is a gap in mid-stream beyond 0.25 s.\n");
        Console.WriteLine("```\ndotnet run -c Release --project tests/Benchmarks -- trace\n```\n");
        foreach (var device in (TargetDescriptor[])[Phone, Laptop])
        {
            foreach (var cold in (int[])[12, 60])
                Table(trace, rules, device, Pool with { ColdStart = TimeSpan.FromSeconds(cold) });
        }

        return 0;
    }

    private static void Table(Asked[] trace, (string Name, Func<Asked, RoutingPolicy> Policy, bool PreWarm)[] rules, TargetDescriptor device, TargetDescriptor pool)
    {
        Console.WriteLine($"A {device.Name}, and a pool with a cold start of {pool.ColdStart.TotalSeconds} s:\n");
        Console.WriteLine("| rule | TTFT mean | TTFT p99 | ÷ pool only | ms per token | stalls per request | longest stall p99 | total mean | $ per 1,000 | decoded in vain | read again | quality | failed |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
        var poolOnly = 0.0;
        foreach (var (name, policy, preWarm) in rules)
        {
            using var bill = new Bill();
            var heard = new Play(trace, policy, device, pool, preWarm).Run();
            var p99 = Quantile(heard.Where(one => !one.Failed).Select(one => one.First), 0.99);
            if (poolOnly == 0)
                poolOnly = p99;
            Console.WriteLine(Row(name, heard, p99, p99 / poolOnly, bill.Dollars));
        }

        Console.WriteLine();
    }

    private static string Row(string name, List<Heard> heard, double p99, double ratio, double dollars)
    {
        var good = heard.Where(one => !one.Failed).ToArray();
        var tokens = good.Sum(one => one.Tokens);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {good.Average(one => one.First):0.00} | {p99:0.00} | {ratio:0.00} | {good.Sum(one => one.Last - one.First) / tokens * 1000:0.0} | {good.Average(one => one.Stalls):0.000} | {Quantile(good.Select(one => one.LongestStall), 0.99):0.00} | {good.Average(one => one.Last):0.0} | {dollars / heard.Count * 1000:0.000} | {heard.Average(one => one.Receipt?.WastedTokens ?? 0):0.0} | {heard.Average(ReadAgain):0} | {good.Sum(one => one.Quality) / tokens:0.000} | {heard.Count(one => one.Failed)} |");
    }

    /// <summary>Prompt tokens that were read beyond the one time that one target would have read them.</summary>
    private static double ReadAgain(Heard one) => one.Receipt is { } receipt
        ? receipt.Segments.Sum(segment => Math.Max(segment.InputTokens - segment.CachedTokens, 0)) - receipt.Segments.Min(segment => segment.InputTokens)
        : 0;

    private static double Quantile(IEnumerable<double> values, double at)
    {
        var sorted = values.Order().ToArray();
        return sorted[(int)Math.Ceiling(at * sorted.Length) - 1];
    }

    private static Asked[] Draw(Random random)
    {
        var at = 0.0;
        return [.. Enumerable.Range(0, Requests).Select(_ =>
        {
            at -= Math.Log(1 - random.NextDouble()) * (random.NextDouble() < 0.6 ? 8 : 200);
            return new Asked(at, Length(random, 300, 0.8, 2000), Length(random, 250, 0.6, 1000));
        })];
    }

    private static int Length(Random random, double median, double deviation, int most)
    {
        var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        return (int)Math.Clamp(median * Math.Exp(deviation * normal), 8, most);
    }

    /// <summary>The least prompt length whose longer ones together have the server's share of all prompt tokens.</summary>
    private static int Threshold(Asked[] trace)
    {
        var left = DeviceShare * trace.Sum(asked => (double)asked.Prompt);
        foreach (var asked in trace.OrderByDescending(asked => asked.Prompt))
        {
            left -= asked.Prompt;
            if (left < 0) return asked.Prompt + 1;
        }

        return 0;
    }

    /// <summary>One request of the trace.</summary>
    internal sealed record Asked(double At, int Prompt, int Answer);

    /// <summary>What its reader saw.</summary>
    internal sealed record Heard(bool Failed, double First, double Last, int Tokens, double Stalls, double LongestStall, double Quality, RequestReceipt? Receipt);

    /// <summary>The trace under one rule.</summary>
    private sealed class Play(Asked[] trace, Func<Asked, RoutingPolicy> rule, TargetDescriptor device, TargetDescriptor pool, bool preWarm)
    {
        private readonly VirtualTime _time = new() { MostEvents = long.MaxValue };
        private readonly List<Heard> _heard = [];
        private readonly List<Task> _reading = [];

        public List<Heard> Run() => Task.Run(() =>
        {
            using var client = new HybridChatClient(
                [new TraceTarget(_time, device, 2), new TraceTarget(_time, pool, 3) { Breaks = 0.01 }],
                new() { Policies = [.. trace.Select(rule).Distinct()], TimeProvider = _time, Privacy = PrivacyClass.Internal, PreWarm = preWarm ? [pool.Name] : [] });
            foreach (var asked in trace)
            {
                _time.After(asked.At, () => _reading.Add(ReadAsync(client, asked, rule(asked).Name)));
            }

            _time.RunUntil(TimeSpan.FromDays(30), () => _heard.Count == trace.Length);
            Task.WhenAll(_reading).GetAwaiter().GetResult();
            return _heard;
        }).GetAwaiter().GetResult();

        private async Task ReadAsync(HybridChatClient client, Asked asked, string policy)
        {
            var began = _time.Elapsed.TotalSeconds;
            var (first, last, stalls, longest, quality) = (0.0, 0.0, 0.0, 0.0, 0.0);
            var tokens = 0;
            RequestReceipt? receipt = null;
            try
            {
                var options = new ChatOptions().WithPolicy(policy).WithTag("chat");
                await foreach (var update in client.GetStreamingResponseAsync([new(ChatRole.User, TraceTarget.Prompt(asked.Prompt, asked.Answer))], options).ConfigureAwait(false))
                {
                    receipt = update.AdditionalProperties?.GetValueOrDefault(HybridUpdateKeys.Receipt) as RequestReceipt ?? receipt;
                    if (update.Text.Length == 0) continue;
                    var now = _time.Elapsed.TotalSeconds - began;
                    if (tokens == 0) first = now;
                    else if (now - last > 0.25) (stalls, longest) = (stalls + 1, Math.Max(longest, now - last - 0.25));
                    last = now;
                    tokens++;
                    quality += Equals(update.AdditionalProperties![HybridUpdateKeys.Target], device.Name) ? device.Quality!.Value : Pool.Quality!.Value;
                }

                if (tokens != asked.Answer) throw new InvalidOperationException($"{tokens} tokens came of {asked.Answer}.");
                _heard.Add(new(false, first, last, tokens, stalls, longest, quality, receipt));
            }
            catch (HybridException error)
            {
                _heard.Add(new(true, first, last, tokens, stalls, longest, quality, error.Data[HybridUpdateKeys.Receipt] as RequestReceipt));
            }
        }
    }
}
