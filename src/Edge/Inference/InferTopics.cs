namespace Hybrid.Edge.Inference;

/// <summary>The topics of inference over the bus.</summary>
internal static class InferTopics
{
    /// <summary>Where a gateway takes requests.</summary>
    public static string Requests(string fleet, string device) => $"hybrid/v1/{fleet}/{device}/infer";

    /// <summary>Where a gateway is told that an answer is not wanted any more.</summary>
    public static string Cancels(string fleet, string device) => $"hybrid/v1/{fleet}/{device}/infer/cancel";

    /// <summary>Where who asks wants its answers, by a name of its own.</summary>
    public static string Replies(string fleet, string name) => RepliesOf(fleet) + name;

    /// <summary>Whether a gateway may answer there: nowhere else, or it could be made to write where only it may.</summary>
    public static bool IsReply(string? topic, string fleet) =>
        topic is not null && topic.Length > RepliesOf(fleet).Length && topic.Length <= 1024
        && topic.StartsWith(RepliesOf(fleet), StringComparison.Ordinal) && topic.AsSpan().IndexOfAny("+#\0") < 0;

    private static string RepliesOf(string fleet) => $"hybrid/v1/{fleet}/replies/";
}
