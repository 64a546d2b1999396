namespace Hybrid.Accounting.Predictors;

/// <summary>Learns how long answers are, for each task that the app names.</summary>
/// <remarks>Thread-safe. The latest answers of the latest tasks are kept; a task that few answers are known of has no estimate.</remarks>
internal sealed class OutputLengths
{
    public const int MostTags = 256;
    public const int Enough = 8;
    private const int Latest = 128;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Known> _tasks = [];
    private long _uses;

    /// <summary>Learns from a request that named its task, if the model itself ended the answer.</summary>
    public void Observe(RequestReceipt receipt)
    {
        var cutOff = receipt.Finish == RequestFinish.Length;
        if (receipt.Decision.Profile.Tag is not { } tag || !(cutOff || receipt.Finish is RequestFinish.Stop or RequestFinish.ToolCalls))
            return;
        lock (_lock)
        {
            if (!_tasks.TryGetValue(tag, out var task))
            {
                if (_tasks.Count == MostTags)
                    _tasks.Remove(_tasks.MinBy(known => known.Value.Used).Key);
                _tasks[tag] = task = new();
            }

            task.Used = ++_uses;
            task.Answers.Enqueue((receipt.OutputTokens - receipt.WastedTokens, cutOff));
            if (task.Answers.Count > Latest)
                task.Answers.Dequeue();
            if (task.Answers.Count >= Enough)
                task.Estimate = new(task.Answers, receipt.Decision.Rules.ExpectedOutputTokens);
        }
    }

    /// <summary>What is known of a task; null where it has no name or too few answers are known.</summary>
    public LengthEstimate? Find(string? tag)
    {
        if (tag is null)
            return null;
        lock (_lock)
        {
            if (!_tasks.TryGetValue(tag, out var task))
                return null;
            task.Used = ++_uses;
            return task.Estimate;
        }
    }

    private sealed class Known
    {
        public Queue<(int Tokens, bool CutOff)> Answers { get; } = new();

        public LengthEstimate? Estimate { get; set; }

        public long Used { get; set; }
    }
}
