namespace Hybrid.Configuration;

/// <summary>Requests that can wait, kept on disk until their time comes: section <c>Hybrid:Waiting</c>.</summary>
public sealed record WaitingOptions
{
    /// <summary>The folder that holds them, for this process alone: a relative path starts at the app's folder.</summary>
    public string Path { get; init; } = "";

    /// <summary>How many may wait or be kept with their answer, 1 to 100,000; one more is refused as busy.</summary>
    /// <value>1000</value>
    public int MaxRequests { get; init; } = 1000;

    /// <summary>How many are run at once, 1 to 64.</summary>
    /// <value>1</value>
    public int MaxRunning { get; init; } = 1;

    /// <summary>How long an answer is kept that nobody removes, 1 minute to 30 days.</summary>
    /// <value>1 day</value>
    public TimeSpan KeepAnswers { get; init; } = TimeSpan.FromDays(1);

    internal static WaitingOptions Read(SectionReader section)
    {
        var start = new WaitingOptions();
        var path = section.Text(nameof(Path));
        var read = start with
        {
            Path = path is null ? "" : System.IO.Path.GetFullPath(path, AppContext.BaseDirectory),
            MaxRequests = section.Whole(nameof(MaxRequests)) ?? start.MaxRequests,
            MaxRunning = section.Whole(nameof(MaxRunning)) ?? start.MaxRunning,
            KeepAnswers = section.Time(nameof(KeepAnswers)) ?? start.KeepAnswers,
        };
        section.RefuseUnknown();
        if (path is null) section.Error(nameof(Path), "it is missing; name a folder that lasts, or leave the whole section out");
        if (read.MaxRequests is < 1 or > 100_000) section.Error(nameof(MaxRequests), $"{read.MaxRequests} is out of range; use 1 to 100000");
        if (read.MaxRunning is < 1 or > 64) section.Error(nameof(MaxRunning), $"{read.MaxRunning} is out of range; use 1 to 64");
        if (read.KeepAnswers < TimeSpan.FromMinutes(1) || read.KeepAnswers > TimeSpan.FromDays(30)) section.Error(nameof(KeepAnswers), $"{read.KeepAnswers} is out of range; use 1 minute to 30 days");
        return read;
    }
}
