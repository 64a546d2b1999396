namespace Hybrid.Edge.Mqtt.Wire;

/// <summary>The short numbers that stand for topics on the way to the broker; the oldest number is given to the next new topic.</summary>
/// <param name="count">How many numbers the broker allows.</param>
internal sealed class SentTopics(int count)
{
    private const int ShortTopic = 4; // a number takes as much

    private readonly Dictionary<string, int> _numbers = [];
    private readonly string?[] _topics = new string?[count];
    private int _next;

    /// <summary>The number to write; 0: none.</summary>
    /// <param name="topic">The message's topic.</param>
    /// <param name="known">Whether the broker knows the topic by it already.</param>
    public int Of(string topic, out bool known)
    {
        known = false;
        if (count == 0 || topic.Length < ShortTopic) return 0;
        if (_numbers.TryGetValue(topic, out var number))
        {
            known = true;
            return number;
        }

        if (_topics[_next] is { } old) _numbers.Remove(old);
        _topics[_next] = topic;
        number = _next + 1;
        _numbers[topic] = number;
        _next = (_next + 1) % count;
        return number;
    }
}
