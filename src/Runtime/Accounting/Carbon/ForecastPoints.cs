namespace Hybrid.Accounting;

/// <summary>Makes a forecast of what a provider lists.</summary>
internal static class ForecastPoints
{
    /// <summary>Orders the points and closes them: one without an end lasts until the next, the last as long as the one before it, or an hour.</summary>
    public static IReadOnlyList<GridForecastPoint> Join(IEnumerable<(DateTimeOffset From, DateTimeOffset? Until, double Grams)> given)
    {
        // Of two for the same time the later one counts.
        var points = given.GroupBy(point => point.From).Select(same => same.Last()).OrderBy(point => point.From).ToArray();
        var closed = new GridForecastPoint[points.Length];
        for (var i = 0; i < points.Length; i++)
        {
            var (from, until, grams) = points[i];
            DateTimeOffset? next = i + 1 < points.Length ? points[i + 1].From : null;
            var usual = i > 0 ? from - points[i - 1].From : TimeSpan.FromHours(1);
            var end = until ?? next ?? from + usual;
            if (end <= from)
                throw new GridAnswerException($"a forecast for {from:O} ends before it begins");
            closed[i] = new(from, next < end ? next.Value : end, grams);
        }

        return closed;
    }
}
