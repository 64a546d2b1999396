namespace Hybrid.Engines.Grammar;

/// <summary>Finds in a grammar what no text could keep, or what would never come to a character.</summary>
internal static class GrammarChecks
{
    public static void Check(GrammarRules rules, Func<int, string> nameOf)
    {
        var ending = Closure(rules, charactersCount: true);
        for (var rule = 0; rule < rules.Alternatives.Length; rule++)
        {
            if (!ending[rule])
                throw GrammarRules.Invalid($"no text keeps rule '{nameOf(rule)}', because every way through it goes on for ever");
        }

        var empty = Closure(rules, charactersCount: false);
        if (FindLeftRecursion(rules, empty) is { } recursive)
            throw GrammarRules.Invalid($"rule '{nameOf(recursive)}' begins with itself (left recursion); put a character before it");
    }

    /// <summary>The rules that have an alternative of nothing but rules of that kind, and of characters where those count.</summary>
    private static bool[] Closure(GrammarRules rules, bool charactersCount)
    {
        var found = new bool[rules.Alternatives.Length];
        var missing = new List<int>(); // for each alternative, how many of its rules are not found
        var owners = new List<int>();
        var users = Enumerable.Range(0, found.Length).Select(_ => new List<int>()).ToArray();
        var pending = new Queue<int>();
        for (var rule = 0; rule < found.Length; rule++)
        {
            foreach (var start in rules.Alternatives[rule])
            {
                var needed = 0;
                for (var at = start; rules.Symbols[at] is var symbol and not GrammarRules.End; at++)
                {
                    if (GrammarRules.IsRule(symbol))
                        users[symbol >> 1].Add(owners.Count);
                    needed += GrammarRules.IsRule(symbol) || !charactersCount ? 1 : 0;
                }

                owners.Add(rule);
                missing.Add(needed);
                if (needed == 0)
                    pending.Enqueue(rule);
            }
        }

        while (pending.TryDequeue(out var rule))
        {
            if (found[rule])
                continue;
            found[rule] = true;
            foreach (var alternative in users[rule])
            {
                if (--missing[alternative] == 0)
                    pending.Enqueue(owners[alternative]);
            }
        }

        return found;
    }

    /// <summary>A rule that reaches itself before any character; null where there is none. Goes deep without recursion: a grammar is a stranger's.</summary>
    private static int? FindLeftRecursion(GrammarRules rules, bool[] empty)
    {
        const byte Open = 1;
        const byte Closed = 2;
        var marks = new byte[rules.Alternatives.Length];
        var path = new Stack<(int Rule, IEnumerator<int> Firsts)>();
        for (var start = 0; start < marks.Length; start++)
        {
            if (marks[start] != 0)
                continue;
            marks[start] = Open;
            path.Push((start, Firsts(rules, start, empty).GetEnumerator()));
            while (path.TryPeek(out var top))
            {
                if (!top.Firsts.MoveNext())
                {
                    marks[top.Rule] = Closed;
                    path.Pop();
                    continue;
                }

                var next = top.Firsts.Current;
                if (marks[next] == Open)
                    return next;
                if (marks[next] == Closed)
                    continue;
                marks[next] = Open;
                path.Push((next, Firsts(rules, next, empty).GetEnumerator()));
            }
        }

        return null;
    }

    /// <summary>The rules that may come first in a rule.</summary>
    private static IEnumerable<int> Firsts(GrammarRules rules, int rule, bool[] empty)
    {
        foreach (var start in rules.Alternatives[rule])
        {
            for (var at = start; GrammarRules.IsRule(rules.Symbols[at]); at++)
            {
                yield return rules.Symbols[at] >> 1;
                if (!empty[rules.Symbols[at] >> 1])
                    break;
            }
        }
    }
}
