namespace Hybrid.Edge.Mqtt.Receiving;

/// <summary>Filters by their text, their number, and the topics that they take.</summary>
internal sealed class FilterIndex
{
    private const int MostNumbers = 268_435_455;

    private readonly Dictionary<string, Filter> _texts = [];
    private readonly Dictionary<int, Filter> _numbers = [];
    private readonly Dictionary<string, List<Filter>> _exact = [];
    private readonly List<Filter> _wild = [];

    /// <summary>All of them, safe from changes meanwhile.</summary>
    public IReadOnlyList<Filter> All => [.. _texts.Values];

    /// <summary>The filter of a text, a new one where there is none.</summary>
    public Filter Get(string text)
    {
        if (_texts.TryGetValue(text, out var filter)) return filter;
        filter = new(text, NumberOf(text));
        _texts[text] = filter;
        _numbers[filter.Number] = filter;
        if (MqttTopic.HasWildcards(filter.Matched)) _wild.Add(filter);
        else if (_exact.TryGetValue(filter.Matched, out var same)) same.Add(filter);
        else _exact[filter.Matched] = [filter];
        return filter;
    }

    public void Remove(Filter filter)
    {
        if (!_texts.Remove(filter.Text)) return;
        _numbers.Remove(filter.Number);
        if (!_exact.TryGetValue(filter.Matched, out var same)) _wild.Remove(filter);
        else if (same.Remove(filter) && same.Count == 0) _exact.Remove(filter.Matched);
    }

    public void Match(MqttMessage message, List<Subscriber> into)
    {
        var found = false;
        for (var i = 0; i < message.SubscriptionIds.Count; i++)
        {
            // A session of an earlier process may use a number for something else.
            if (!_numbers.TryGetValue(message.SubscriptionIds[i], out var filter) || !MqttTopic.Matches(filter.Matched, message.Topic)) continue;
            into.AddRange(filter.Subscribers);
            found = true;
        }

        if (found) return;
        if (_exact.TryGetValue(message.Topic, out var exact))
            foreach (var filter in exact) into.AddRange(filter.Subscribers);
        foreach (var filter in _wild)
            if (MqttTopic.Matches(filter.Matched, message.Topic)) into.AddRange(filter.Subscribers);
    }

    // The same in every process, so that a session that outlives one fits the next: FNV-1a in 28 bits, and the next free one.
    private int NumberOf(string text)
    {
        var hash = 2166136261u;
        foreach (var letter in text) hash = (hash ^ letter) * 16777619u;
        var number = (int)(hash % MostNumbers) + 1;
        while (_numbers.ContainsKey(number)) number = number % MostNumbers + 1;
        return number;
    }
}
