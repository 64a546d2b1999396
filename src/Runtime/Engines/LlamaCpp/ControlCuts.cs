using Hybrid.Engines.ChatTemplates;

namespace Hybrid.Engines.LlamaCpp;

/// <summary>Parts a rendered chat where a control token's text touches what somebody said, so that it is read as text.</summary>
/// <remarks>Neighbours stay together otherwise: a token may span the template's words and the first word after them.</remarks>
internal static class ControlCuts
{
    public static IReadOnlyList<string> Parts(MarkedText rendered, string continuation, IReadOnlyList<string> controls)
    {
        var text = rendered.Text + continuation;
        (int Start, int End)[] content = continuation.Length > 0 ? [.. rendered.Content, (rendered.Text.Length, text.Length)] : [.. rendered.Content];
        var cuts = new SortedSet<int>();
        foreach (var control in controls)
        {
            var range = 0;
            for (var at = text.IndexOf(control, StringComparison.Ordinal); at >= 0; at = text.IndexOf(control, at + 1, StringComparison.Ordinal))
            {
                while (range < content.Length && content[range].End <= at)
                    range++;
                if (range == content.Length)
                    break;

                // Where it begins in the template's words, the cut is where they end, so that none of their own tokens is parted.
                if (content[range].Start < at + control.Length)
                    cuts.Add(Math.Max(at + (char.IsHighSurrogate(control[0]) ? 2 : 1), content[range].Start));
            }
        }

        if (cuts.Count == 0)
            return [text];
        var parts = new List<string>(cuts.Count + 1);
        var from = 0;
        foreach (var cut in cuts)
        {
            parts.Add(text[from..cut]);
            from = cut;
        }

        parts.Add(text[from..]);
        return parts;
    }
}
