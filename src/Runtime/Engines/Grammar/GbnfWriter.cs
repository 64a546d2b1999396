using System.Globalization;
using System.Text;

namespace Hybrid.Engines.Grammar;

/// <summary>Collects the rules of a grammar as text.</summary>
internal sealed class GbnfWriter
{
    private const int MostRules = 20_000;
    private readonly List<(string Name, string Body)> _rules = [];
    private readonly HashSet<string> _shared = [];

    /// <summary>Adds a rule under a name of its own; gives the name.</summary>
    public string Add(string kind, string body)
    {
        var name = Reserve(kind);
        Define(name, body);
        return name;
    }

    /// <summary>A name whose rule is given later.</summary>
    public string Reserve(string kind)
    {
        _rules.Add((FormattableString.Invariant($"{kind}-{_rules.Count}"), ""));
        return _rules.Count <= MostRules
            ? _rules[^1].Name
            : throw new HybridException(HybridError.InvalidRequest, $"The JSON schema needs a grammar of more than {MostRules} rules. Nothing was decoded; ask for less at once.");
    }

    public void Define(string name, string body) => _rules[int.Parse(name.AsSpan(name.LastIndexOf('-') + 1), CultureInfo.InvariantCulture)] = (name, body);

    /// <summary>Adds a rule under a fixed name where it is not there yet; gives the name.</summary>
    public string Share(string name, string body)
    {
        if (_shared.Add(name))
            _rules.Add((name, body));
        return name;
    }

    public bool Knows(string name) => _shared.Contains(name);

    public string Write(string root) => string.Concat(_rules.Prepend(("root", root)).Select(rule => $"{rule.Item1} ::= {rule.Item2}\n"));

    /// <summary>A text as it stands.</summary>
    public static string Literal(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value is '"' or '\\')
                quoted.Append('\\').Append((char)rune.Value);
            else if (rune.Value is < 32 or 127)
                quoted.Append(CultureInfo.InvariantCulture, $"\\x{rune.Value:X2}");
            else
                quoted.Append(rune);
        }

        return quoted.Append('"').ToString();
    }
}
