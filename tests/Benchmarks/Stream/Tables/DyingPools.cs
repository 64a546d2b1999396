using System.Diagnostics;
using Hybrid.Accounting;
using Hybrid.Benchmarks.Engine;
using Hybrid.EndToEnd;
using Hybrid.EndToEnd.Streaming;
using Hybrid.Engines.LlamaCpp;

namespace Hybrid.Benchmarks.Stream.Tables;

/// <summary>Many streams on a pool of three worker processes of which one after another is killed and started again; nobody else can go on.</summary>
internal static class DyingPools
{
    private const int Usual = 600;
    private const int Streams = 200;
    private const int PiecesBetweenKills = 4000;

    public static async Task<bool> RunAsync(StreamOptions options)
    {
        var runs = options.Quick ? 60 : options.RunsOr(Usual);
        var streams = Math.Min(runs, Streams);
        var table = new MarkdownTable(
            options.Command,
            options.Quick,
            $"{runs} greedy answers of 68 to 92 tokens, {streams} at a time, by one pool of three hybrid-worker processes (1 decode thread each) with nobody beside it. Each time that {PiecesBetweenKills} pieces of text " +
            "have arrived the next worker is killed with SIGKILL and started again on its port. Every answer must be the unbroken one.",
            "streams", "answers", "kills", "seconds", "completed", "the unbroken answer", "moved in mid-stream", "moves", "most moves of one", "asked of another before any text");
        var whole = new Dictionary<string, string>();
        await using (var engine = await LlamaEngine.LoadAsync(new() { ModelPath = Repository.CloudModel, Threads = 1, Poll = 0 }))
        {
            foreach (var question in Questions.Procedures) whole[question] = (await Answer.UnbrokenAsync(engine, question)).Text;
        }

        await using var pool = await DyingPool.StartAsync(Repository.CloudModel);
        var began = Stopwatch.GetTimestamp();
        var answers = await pool.RunAsync([.. Enumerable.Range(0, runs).Select(i => Questions.Procedures[i % Questions.Procedures.Count])], streams, options.Quick ? 400 : PiecesBetweenKills, kills: 0);
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        foreach (var failed in answers.Where(answer => answer.Fault is not null).GroupBy(answer => answer.Fault!.Message).Take(5))
            await Console.Error.WriteLineAsync($"{failed.Count()} failed: {failed.Key}");
        var completed = answers.Count(answer => answer.Receipt?.Finish == RequestFinish.Stop);
        var same = answers.Count(answer => answer.Text == whole[answer.Question]);
        int[] moves = [.. answers.Select(answer => answer.Receipt?.Handovers.Count ?? 0)];
        var again = answers.Count(answer => answer.Receipt?.Segments.Any(segment => segment.Retries > 0) == true);
        table.Row($"{streams}", $"{runs}", $"{pool.Kills}", $"{seconds:0}", $"{completed}", $"{same}", $"{moves.Count(count => count > 0)}", $"{moves.Sum()}", $"{moves.Max()}", $"{again}");
        return completed == runs && same == runs;
    }
}
