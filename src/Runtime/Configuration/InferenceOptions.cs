namespace Hybrid.Configuration;

/// <summary>Answers to requests that come over the bus: section <c>Hybrid:Inference</c>, for <c>hybrid agent</c>.</summary>
public sealed record InferenceOptions
{
    /// <summary>The folder that remembers which requests were taken and answered: a relative path starts at the app's folder.</summary>
    public string Path { get; init; } = "";

    /// <summary>Requests answered at once, 1 to 64.</summary>
    /// <value>2</value>
    public int MaxRunning { get; init; } = 2;

    /// <summary>Requests that wait for their turn, 0 to 10,000; one more is told that the gateway is busy.</summary>
    /// <value>32</value>
    public int MaxQueued { get; init; } = 32;

    /// <summary>How long an answered request is remembered, so that a second delivery of it is dropped; 1 minute to 7 days.</summary>
    /// <value>1 hour</value>
    public TimeSpan RememberFor { get; init; } = TimeSpan.FromHours(1);

    internal static InferenceOptions Read(SectionReader section)
    {
        var start = new InferenceOptions();
        var path = section.Text(nameof(Path));
        var read = start with
        {
            Path = path is null ? "" : System.IO.Path.GetFullPath(path, AppContext.BaseDirectory),
            MaxRunning = section.Whole(nameof(MaxRunning)) ?? start.MaxRunning,
            MaxQueued = section.Whole(nameof(MaxQueued)) ?? start.MaxQueued,
            RememberFor = section.Time(nameof(RememberFor)) ?? start.RememberFor,
        };
        section.RefuseUnknown();
        if (path is null) section.Error(nameof(Path), "it is missing; name a folder that lasts, or leave the whole section out");
        if (read.MaxRunning is < 1 or > 64) section.Error(nameof(MaxRunning), $"{read.MaxRunning} is out of range; use 1 to 64");
        if (read.MaxQueued is < 0 or > 10_000) section.Error(nameof(MaxQueued), $"{read.MaxQueued} is out of range; use 0 to 10000");
        if (read.RememberFor < TimeSpan.FromMinutes(1) || read.RememberFor > TimeSpan.FromDays(7)) section.Error(nameof(RememberFor), $"{read.RememberFor} is out of range; use 1 minute to 7 days");
        return read;
    }
}
