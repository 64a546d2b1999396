using System.Globalization;
using Hybrid.Targets;
using Microsoft.Extensions.Configuration;

namespace Hybrid.Configuration;

/// <summary>Reads one section key by key, without reflection; collects what is wrong and, at the end, what is unknown.</summary>
internal sealed class SectionReader(IConfigurationSection section, ICollection<string> errors)
{
    private readonly HashSet<string> _known = new(StringComparer.OrdinalIgnoreCase);

    public string Path => section.Path;

    public string Name => section.Key;

    public ICollection<string> Errors => errors;

    public bool Has(string key) => Child(key).Exists();

    public string? Text(string key)
    {
        var child = Child(key);
        if (child.GetChildren().Any()) Error(key, "a single value is expected, not a section");
        return string.IsNullOrEmpty(child.Value) ? null : child.Value;
    }

    public double? Number(string key) => Parse<double>(key, "a number", static (string text, out double value) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value));

    public int? Whole(string key) => Parse<int>(key, "a whole number", static (string text, out int value) =>
        int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out value));

    /// <summary>A length of time: <c>00:00:01.5</c>, or seconds as a number.</summary>
    public TimeSpan? Time(string key) => Parse<TimeSpan>(key, "a time; write seconds (1.5) or hours:minutes:seconds (00:00:01.5)", TryTime);

    /// <summary>An amount of memory: <c>2GiB</c>, or bytes as a number.</summary>
    public long? Bytes(string key) => Parse<long>(key, $"an amount of memory; write {ByteSize.Example}", ByteSize.TryParse);

    /// <summary>A time zone by its IANA name.</summary>
    public TimeZoneInfo? TimeZone(string key)
    {
        if (Text(key) is not { } name) return null;
        if (TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone)) return zone;
        Error(key, $"this machine knows no time zone '{name}'; use an IANA name such as Europe/Berlin, or UTC, and see that its time zones (tzdata) are installed");
        return null;
    }

    public bool? Flag(string key) => Parse<bool>(key, "true or false", bool.TryParse);

    public Zone? Zone(string key) => Parse<Zone>(key, "a zone; use device, site, region:NAME or public", Targets.Zone.TryParse);

    public Uri? Address(string key) => Parse<Uri?>(key, "an absolute address such as http://pool:8080", TryAddress, out var address) ? address : null;

    public T? Choice<T>(string key)
        where T : struct, Enum => Parse<T>(key, "known; use " + string.Join(", ", Enum.GetNames<T>()).ToLowerInvariant(), TryName);

    public IReadOnlyList<T>? List<T>(string key, Func<SectionReader, string, T?> read)
    {
        var child = Child(key);
        if (!child.Exists()) return null;
        if (!child.GetChildren().Any())
        {
            Error(key, $"'{child.Value}' is a single value; write a list");
            return null;
        }

        var items = new SectionReader(child, errors);
        return [.. child.GetChildren().Select(item => read(items, item.Key)).OfType<T>()];
    }

    public IEnumerable<SectionReader> Sections(string key) =>
        Section(key) is null ? [] : Child(key).GetChildren().Select(child => new SectionReader(child, errors));

    public SectionReader? Section(string key)
    {
        var child = Child(key);
        if (!child.Exists()) return null;
        if (child.Value is not { Length: > 0 }) return new SectionReader(child, errors);
        Error(key, $"'{child.Value}' is a single value; a section is expected");
        return null;
    }

    public IReadOnlyDictionary<string, string> Free(string key) => Child(key).AsEnumerable(makePathsRelative: true)
        .Where(pair => pair.Value is not null && pair.Key.Length > 0)
        .ToDictionary(pair => pair.Key, pair => pair.Value!, StringComparer.OrdinalIgnoreCase);

    public void Error(string key, string message) => errors.Add($"{Path}:{key}: {message}");

    /// <summary>Reports every key that was never asked for.</summary>
    public void RefuseUnknown()
    {
        foreach (var child in section.GetChildren().Where(child => !_known.Contains(child.Key)))
        {
            var nearest = _known.MinBy(known => EditDistance.Between(known, child.Key));
            var near = nearest is not null && EditDistance.Between(nearest, child.Key) <= Math.Max(2, child.Key.Length / 3);
            Error(child.Key, "there is no such key; " + (near ? $"did you mean {nearest}?" : $"there are {string.Join(", ", _known.Order(StringComparer.Ordinal))}"));
        }
    }

    private delegate bool TryParse<T>(string text, out T value);

    private static bool TryTime(string text, out TimeSpan value)
    {
        value = default;
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds))
            return TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out value);
        if (!double.IsFinite(seconds) || Math.Abs(seconds) > TimeSpan.MaxValue.TotalSeconds / 2) return false;
        value = TimeSpan.FromSeconds(seconds);
        return true;
    }

    private static bool TryAddress(string text, out Uri? value) => Uri.TryCreate(text, UriKind.Absolute, out value);

    private static bool TryName<T>(string text, out T value)
        where T : struct, Enum
    {
        value = default;
        return Array.Exists(Enum.GetNames<T>(), name => string.Equals(name, text, StringComparison.OrdinalIgnoreCase))
            && Enum.TryParse(text, ignoreCase: true, out value);
    }

    private T? Parse<T>(string key, string expected, TryParse<T> parse)
        where T : struct => Parse(key, expected, parse, out var value) ? value : null;

    private bool Parse<T>(string key, string expected, TryParse<T> parse, out T value)
    {
        value = default!;
        if (Text(key) is not { } text) return false;
        if (parse(text, out value)) return true;
        Error(key, $"'{text}' is not {expected}");
        return false;
    }

    private IConfigurationSection Child(string key)
    {
        _known.Add(key);
        return section.GetSection(key);
    }
}
