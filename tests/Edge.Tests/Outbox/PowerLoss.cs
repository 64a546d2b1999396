using static Hybrid.Edge.Tests.Outbox.RecordingDisk;

namespace Hybrid.Edge.Tests.Outbox;

/// <summary>What a folder can look like after the power went during a step.</summary>
/// <remarks>
/// What was flushed is there. Of what was not, sectors of 512 bytes may each be there, be zeros, or be torn at the end; a file that was
/// made may be missing, and one that was deleted may be there, until the folder was flushed.
/// </remarks>
internal static class PowerLoss
{
    private const int Sector = 512;

    /// <summary>The folder as it is when the first <paramref name="done"/> steps are done, and all are on the disk, cut after some bytes of the next.</summary>
    public static Dictionary<string, byte[]> Torn(IReadOnlyList<Step> steps, int done, int bytes)
    {
        var files = new Dictionary<string, List<byte>>();
        foreach (var step in steps.Take(done)) Apply(files, step);
        if (done < steps.Count && steps[done] is { Kind: StepKind.Append } next) files[next.Name].AddRange(next.Bytes.Take(bytes));
        return files.ToDictionary(pair => pair.Key, pair => pair.Value.ToArray());
    }

    /// <summary>The folder when chance says what of the unflushed is on the disk.</summary>
    public static Dictionary<string, byte[]> Shuffled(IReadOnlyList<Step> steps, int done, Random random)
    {
        var (files, flushed) = (new Dictionary<string, List<byte>>(), new Dictionary<string, int>());
        var (made, gone) = (new HashSet<string>(), new Dictionary<string, List<byte>>());
        foreach (var step in steps.Take(done))
        {
            if (step.Kind is StepKind.Delete && files.TryGetValue(step.Name, out var deleted)) gone[step.Name] = deleted;
            Apply(files, step);
            switch (step.Kind)
            {
                case StepKind.Create:
                    made.Add(step.Name);
                    flushed[step.Name] = 0;
                    break;
                case StepKind.Flush or StepKind.Cut:
                    flushed[step.Name] = files[step.Name].Count;
                    break;
                case StepKind.FlushFolder:
                    made.Clear();
                    gone.Clear();
                    break;
            }
        }

        foreach (var (name, bytes) in gone)
            if (random.Next(2) == 0) files[name] = bytes;
        foreach (var name in made)
            if (random.Next(2) == 0) files.Remove(name);
        return files.ToDictionary(pair => pair.Key, pair => Lose(pair.Value, flushed.GetValueOrDefault(pair.Key), random));
    }

    private static byte[] Lose(List<byte> bytes, int kept, Random random)
    {
        var length = random.Next(3) == 0 ? bytes.Count : kept + random.Next(bytes.Count - kept + 1);
        var left = bytes.Take(length).ToArray();
        for (var sector = kept / Sector; sector * Sector < length; sector++)
        {
            var from = Math.Max(kept, sector * Sector);
            if (random.Next(3) == 0) left.AsSpan(from, Math.Min((sector + 1) * Sector, length) - from).Clear();
        }

        return left;
    }

    private static void Apply(Dictionary<string, List<byte>> files, Step step)
    {
        switch (step.Kind)
        {
            case StepKind.Create: files[step.Name] = []; break;
            case StepKind.Append: files[step.Name].AddRange(step.Bytes); break;
            case StepKind.Cut: files[step.Name].RemoveRange((int)step.Length, files[step.Name].Count - (int)step.Length); break;
            case StepKind.Delete: files.Remove(step.Name); break;
        }
    }
}
