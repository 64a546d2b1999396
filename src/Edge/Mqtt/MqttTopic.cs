using System.Text;

namespace Hybrid.Edge.Mqtt;

/// <summary>The rules of topics and filters: MQTT 5, section 4.7.</summary>
internal static class MqttTopic
{
    private const string Shared = "$share/";

    /// <summary>Why a message cannot be published to a topic; null: it can.</summary>
    public static string? Problem(string topic)
    {
        if (topic.Length == 0) return "its topic is empty";
        if (topic.AsSpan().ContainsAny('+', '#', '\0')) return $"the topic '{topic}' has a wildcard or a NUL";
        return topic.Length > ushort.MaxValue / 3 && Encoding.UTF8.GetByteCount(topic) > ushort.MaxValue ? "its topic is longer than 65,535 bytes" : null;
    }

    /// <summary>Why there can be no subscription to a filter; null: there can.</summary>
    public static string? FilterProblem(string filter)
    {
        var topic = Matched(filter);
        if (topic.Length == 0 || filter.Contains('\0') || Encoding.UTF8.GetByteCount(filter) > ushort.MaxValue) return "it is empty, too long, or has a NUL";
        if (IsShared(filter) && filter.AsSpan(0, filter.Length - topic.Length).ContainsAny('+', '#')) return "the name of its group has a wildcard";
        foreach (var range in topic.AsSpan().Split('/'))
        {
            var level = topic.AsSpan()[range];
            if (level.Contains('+') && level.Length > 1) return "a + must be alone between slashes";
            if (level.Contains('#') && (level.Length > 1 || range.End.Value != topic.Length)) return "a # must be alone, at the end";
        }

        return null;
    }

    /// <summary>Whether members of a group share the filter's messages.</summary>
    public static bool IsShared(string filter) => filter.StartsWith(Shared, StringComparison.Ordinal);

    /// <summary>Whether it stands for more than one topic.</summary>
    public static bool HasWildcards(string filter) => filter.AsSpan().ContainsAny('+', '#');

    /// <summary>The part of a filter that topics are matched with.</summary>
    public static string Matched(string filter) =>
        !IsShared(filter) ? filter : filter.IndexOf('/', Shared.Length) is var slash and > 0 ? filter[(slash + 1)..] : "";

    /// <summary>Whether a filter, without a group, takes a topic.</summary>
    public static bool Matches(ReadOnlySpan<char> filter, ReadOnlySpan<char> topic)
    {
        // Wildcards do not reach the broker's own topics.
        if (topic is ['$', ..] && filter is ['+' or '#', ..]) return false;
        while (true)
        {
            if (filter is "#") return true;
            var wanted = Level(filter);
            var level = Level(topic);
            if (wanted is not "+" && !wanted.SequenceEqual(level)) return false;
            var (moreWanted, more) = (wanted.Length < filter.Length, level.Length < topic.Length);
            if (!more) return !moreWanted || filter[wanted.Length..] is "/#";
            if (!moreWanted) return false;
            filter = filter[(wanted.Length + 1)..];
            topic = topic[(level.Length + 1)..];
        }
    }

    private static ReadOnlySpan<char> Level(ReadOnlySpan<char> text) => text.IndexOf('/') is var slash and >= 0 ? text[..slash] : text;
}
