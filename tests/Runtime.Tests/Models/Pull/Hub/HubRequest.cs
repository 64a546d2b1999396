namespace Hybrid.Tests.Models.Pull;

/// <summary>A request as it came in; header names in lower case.</summary>
internal sealed record HubRequest(int Number, string Method, string Target, IReadOnlyDictionary<string, string> Headers)
{
    public string Path => Target.Split('?')[0];

    public string? Header(string name) => Headers.GetValueOrDefault(name);

    /// <summary>First and last byte asked for; null: all.</summary>
    public (long First, long Last)? Range
    {
        get
        {
            if (Header("range") is not { } text || !text.StartsWith("bytes=", StringComparison.Ordinal))
                return null;
            var parts = text[6..].Split('-');
            return (long.Parse(parts[0]), long.Parse(parts[1]));
        }
    }

    public static HubRequest Read(int number, string head)
    {
        var lines = head.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var first = lines[0].Split(' ');
        var headers = lines.Skip(1).Select(line => line.Split(':', 2)).ToDictionary(parts => parts[0].Trim().ToLowerInvariant(), parts => parts[1].Trim());
        return new(number, first[0], first[1], headers);
    }
}

/// <summary>An answer, and how it goes wrong on its way.</summary>
internal sealed record HubAnswer(int Status, ReadOnlyMemory<byte> Body = default)
{
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>What is said of the length in place of the truth; below zero: nothing, and it goes in chunks.</summary>
    public long? ClaimedLength { get; init; }

    /// <summary>The connection is cut after so many bytes of the body.</summary>
    public int? CutAfter { get; init; }

    /// <summary>Nothing comes after so many bytes of the body, and the connection stays.</summary>
    public int? HangAfter { get; init; }

    public HubAnswer With(string name, string? value)
    {
        var headers = new Dictionary<string, string>(Headers);
        if (value is null)
            headers.Remove(name);
        else
            headers[name] = value;
        return this with { Headers = headers };
    }
}
