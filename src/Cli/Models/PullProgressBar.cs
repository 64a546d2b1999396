using System.Globalization;
using Hybrid.Configuration;
using Hybrid.Models.Pull;

namespace Hybrid.Cli.Models;

/// <summary>A pull for people: one line that is written over on a terminal, a line for every tenth of the way anywhere else.</summary>
/// <param name="output">Where it is written, standard error as a rule.</param>
/// <param name="width">Columns of the terminal; null: it is none.</param>
internal sealed class PullProgressBar(TextWriter output, int? width) : IProgress<PullProgress>
{
    private const int BarColumns = 24;
    private readonly Lock _lock = new();
    private int _written;
    private int _tenth = -1;
    private string? _said;

    public void Report(PullProgress value)
    {
        lock (_lock)
        {
            if (width is { } columns)
                Draw(value, columns);
            else
                Say(value);
        }
    }

    /// <summary>Ends the line that is being written over, so that what follows has one of its own.</summary>
    public void End()
    {
        lock (_lock)
        {
            if (_written > 0)
                output.WriteLine();
            _written = 0;
        }
    }

    /// <summary>The line for a moment, no longer than so many columns.</summary>
    internal static string Line(PullProgress value, int columns)
    {
        if (value.Stage is PullStage.Asking)
            return Cut("Asking what there is ...", columns);
        var share = value.TotalBytes > 0 ? Math.Clamp((double)value.Bytes / value.TotalBytes, 0, 1) : 0;
        var full = (int)(share * BarColumns);
        var bar = columns >= 70 ? $"[{new string('#', full)}{new string('.', BarColumns - full)}] " : "";
        var amounts = $"{Percent(share)} {ByteSize.Text(value.Bytes)} of {ByteSize.Text(value.TotalBytes)}";
        var file = value.FileCount > 1 ? $" (file {value.FileNumber} of {value.FileCount})" : "";
        return Cut($"{bar}{amounts}{file}{Doing(value)}", columns);
    }

    private static string Doing(PullProgress value) => value.Stage switch
    {
        PullStage.Fetching when value.BytesPerSecond > 0 => $", {ByteSize.Text((long)value.BytesPerSecond)}/s{(value.TimeLeft is { } left ? $", {Time(left)} left" : "")}",
        PullStage.Retrying or PullStage.Waiting => $", {value.Note}",
        PullStage.Verifying => ", verifying",
        PullStage.Done => ", done",
        _ => "",
    };

    private static string Time(TimeSpan time) => time.TotalHours >= 1
        ? string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}")
        : string.Create(CultureInfo.InvariantCulture, $"{time.Minutes}:{time.Seconds:00}");

    // Rounded down: 100 % is said when nothing is missing.
    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{(int)(share * 100),3} %");

    private static string Cut(string line, int columns) => line.Length <= columns ? line : line[..Math.Max(columns, 0)];

    private void Draw(PullProgress value, int columns)
    {
        var line = Line(value, columns - 1);
        output.Write("\r" + line.PadRight(Math.Min(_written, columns - 1)));
        _written = line.Length;
        if (value.Stage is PullStage.Done)
            End();
        output.Flush();
    }

    private void Say(PullProgress value)
    {
        var tenth = value.TotalBytes > 0 ? (int)(10 * value.Bytes / value.TotalBytes) : -1;
        var note = value.Stage is PullStage.Retrying or PullStage.Waiting ? value.Note : null;
        if (value.Stage is not PullStage.Done && tenth == _tenth && (note is null || note == _said))
            return;
        (_tenth, _said) = (tenth, note);
        output.WriteLine(Line(value, int.MaxValue));
        output.Flush();
    }
}
