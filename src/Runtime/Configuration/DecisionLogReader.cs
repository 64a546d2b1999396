using Hybrid.Policy.Log;

namespace Hybrid.Configuration;

/// <summary>Reads where decisions are written down.</summary>
internal static class DecisionLogReader
{
    public static DecisionLogOptions? Read(SectionReader section)
    {
        var path = section.Text(nameof(DecisionLogOptions.Path));
        var size = section.Bytes(nameof(DecisionLogOptions.MaxFileSize));
        var kept = section.Whole(nameof(DecisionLogOptions.KeptFiles));
        var queue = section.Whole(nameof(DecisionLogOptions.QueueLength));
        section.RefuseUnknown();
        if (path is null)
        {
            section.Error(nameof(DecisionLogOptions.Path), "it is missing; give the path of a file, or leave the section out");
            return null;
        }

        var read = new DecisionLogOptions { Path = System.IO.Path.GetFullPath(path, AppContext.BaseDirectory) };
        read = read with { MaxFileSize = size ?? read.MaxFileSize, KeptFiles = kept ?? read.KeptFiles, QueueLength = queue ?? read.QueueLength };
        FigureRules.Check(read, section.Path, section.Errors);
        return read;
    }
}
