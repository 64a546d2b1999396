using System.Buffers;
using System.Text;
using System.Text.Json;
using Hybrid.Models.Pull;

namespace Hybrid.Cli.Models;

/// <summary>A pull for scripts: one JSON object per line.</summary>
/// <param name="output">Where it is written.</param>
internal sealed class PullProgressLines(TextWriter output) : IProgress<PullProgress>
{
    private readonly Lock _lock = new();
    private readonly ArrayBufferWriter<byte> _line = new(256);

    public void Report(PullProgress value)
    {
        lock (_lock)
        {
            _line.ResetWrittenCount();
            using (var json = new Utf8JsonWriter(_line))
                Write(json, value);
            output.WriteLine(Encoding.UTF8.GetString(_line.WrittenSpan));
            output.Flush();
        }
    }

    private static void Write(Utf8JsonWriter json, PullProgress value)
    {
        json.WriteStartObject();
        json.WriteString("stage", JsonNamingPolicy.CamelCase.ConvertName(value.Stage.ToString()));
        if (value.FileCount > 0)
        {
            json.WriteString("file", value.File);
            json.WriteNumber("fileNumber", value.FileNumber);
            json.WriteNumber("fileCount", value.FileCount);
            json.WriteNumber("bytes", value.Bytes);
            json.WriteNumber("totalBytes", value.TotalBytes);
            json.WriteNumber("fetchedBytes", value.FetchedBytes);
            json.WriteNumber("bytesPerSecond", Math.Round(value.BytesPerSecond));
            if (value.TimeLeft is { } left)
                json.WriteNumber("secondsLeft", Math.Round(left.TotalSeconds, 1));
        }

        if (value.Note is { } note)
            json.WriteString("note", note);
        json.WriteEndObject();
    }
}
