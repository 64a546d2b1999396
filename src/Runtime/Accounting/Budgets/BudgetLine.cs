using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Hybrid.Accounting.Budgets;

/// <summary>One line of the budget file: plain words and whole numbers, and at its end 16 digits of the SHA-256 of what stands before.</summary>
/// <remarks>
/// Amounts are billionths of a dollar and of a gram, windows their first second of Unix time, <c>*</c> stands for no tenant.
/// <list type="bullet">
/// <item><c>hybrid-budgets 1</c>: the first line, and the one between the two copies of the totals.</item>
/// <item><c>total HOUR DAY MONTH</c>, dollars and grams of each, <c>TENANT</c>: what was taken when the file was rewritten; each stands there twice.</item>
/// <item><c>reserved ID HOUR DAY MONTH DOLLARS GRAMS TENANT</c>: on disk before the attempt is sent.</item>
/// <item><c>settled ID HOUR DAY MONTH DOLLARS GRAMS TENANT</c>: what it took; counts in full where its reservation cannot be read.</item>
/// </list>
/// </remarks>
internal static class BudgetLine
{
    public const string Head = "hybrid-budgets 1";
    private const string NoTenant = "*"; // a name never becomes this: the character is escaped
    private const int Digits = 16;

    public readonly record struct Total(BudgetWindows Windows, BudgetAmount[] Taken, string? Tenant);

    public readonly record struct Entry(bool Settled, long Id, BudgetWindows Windows, BudgetAmount Amount, string? Tenant);

    public static string Of(in Total total) =>
        Sealed($"total {Words(total.Windows)} {Words(total.Taken[0])} {Words(total.Taken[1])} {Words(total.Taken[2])} {Name(total.Tenant)}");

    public static string Of(in Entry entry) =>
        Sealed($"{(entry.Settled ? "settled" : "reserved")} {entry.Id} {Words(entry.Windows)} {Words(entry.Amount)} {Name(entry.Tenant)}");

    public static string Sealed(string content) => $"{content} {Checksum(content)}";

    /// <summary>What stands before the checksum; null where the two do not agree.</summary>
    public static string? Open(string line)
    {
        var end = line.Length - Digits - 1;
        return end > 0 && line[end] == ' ' && line.AsSpan(end + 1).SequenceEqual(Checksum(line[..end])) ? line[..end] : null;
    }

    public static bool TryRead(string content, out Total total)
    {
        total = default;
        var words = content.Split(' ');
        if (words.Length != 11 || words[0] != "total" || !TryNumbers(words.AsSpan(1, 9), out var n) || !TryName(words[10], out var tenant)) return false;
        total = new(new(n[0], n[1], n[2]), [new(n[3], n[4]), new(n[5], n[6]), new(n[7], n[8])], tenant);
        return true;
    }

    public static bool TryRead(string content, out Entry entry)
    {
        entry = default;
        var words = content.Split(' ');
        if (words.Length != 8 || words[0] is not ("reserved" or "settled") || !TryNumbers(words.AsSpan(1, 6), out var n) || !TryName(words[7], out var tenant)) return false;
        entry = new(words[0] == "settled", n[0], new(n[1], n[2], n[3]), new(n[4], n[5]), tenant);
        return true;
    }

    private static string Checksum(string content) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content)))[..Digits];

    private static string Words(BudgetWindows windows) => $"{windows.Hour} {windows.Day} {windows.Month}";

    private static string Words(BudgetAmount amount) => $"{amount.Dollars} {amount.Grams}";

    private static string Name(string? tenant) => tenant is null ? NoTenant : Uri.EscapeDataString(tenant);

    private static bool TryName(string word, out string? tenant)
    {
        tenant = word == NoTenant ? null : Uri.UnescapeDataString(word);
        return word.Length > 0;
    }

    private static bool TryNumbers(ReadOnlySpan<string> words, out long[] numbers)
    {
        numbers = new long[words.Length];
        for (var i = 0; i < words.Length; i++)
        {
            if (!long.TryParse(words[i], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i])) return false;
        }

        return true;
    }
}
