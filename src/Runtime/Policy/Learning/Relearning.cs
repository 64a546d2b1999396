using Hybrid.Policy.Log;
using Microsoft.Extensions.Logging;

namespace Hybrid.Policy.Learning;

/// <summary>Learns again, at a start, what the decision log's files hold: the oldest first.</summary>
internal static partial class Relearning
{
    /// <summary>Decisions whose outcome is waited for; one that never came is forgotten.</summary>
    private const int MostOpen = 10_000;

    public static void From(DecisionLogOptions options, Learner learner, ILogger logger)
    {
        var reader = new LogReader();
        var (answers, votes) = (0, 0);
        try
        {
            Dictionary<string, DecisionEntry> open = [];
            Queue<string> order = [];
            foreach (var entry in reader.Read([.. options.Files().Where(File.Exists)]))
            {
                if (entry is DecisionEntry decision && open.TryAdd(entry.Id, decision))
                {
                    order.Enqueue(entry.Id);
                    if (order.Count > MostOpen) open.Remove(order.Dequeue());
                }
                else if (entry is OutcomeEntry settled && open.Remove(entry.Id, out var known))
                {
                    learner.Settle(entry.Id, known.Logged.Profile, known.Snapshots, known.Policy, settled.Outcome);
                    answers++;
                }
                else if (entry is FeedbackEntry feedback && learner.Vote(entry.Id, feedback.Score))
                {
                    votes++;
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            LogUnreadable(logger, options.Path, error.Message, answers, votes);
            return;
        }

        LogLearned(logger, answers, votes, options.Path, reader.Damaged);
    }

    [LoggerMessage(1314, LogLevel.Information, "Learned from {Answers} answers and {Votes} votes in the decision log {Path}; {Damaged} of its lines cannot be read.")]
    private static partial void LogLearned(ILogger logger, int answers, int votes, string path, int damaged);

    [LoggerMessage(1315, LogLevel.Warning, "The decision log {Path} cannot be read: {Error} What was read so far counts: {Answers} answers, {Votes} votes. Allow it to be read and start again to learn from the rest.")]
    private static partial void LogUnreadable(ILogger logger, string path, string error, int answers, int votes);
}
