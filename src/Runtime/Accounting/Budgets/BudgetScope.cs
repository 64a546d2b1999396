using Hybrid.Policy;

namespace Hybrid.Accounting.Budgets;

/// <summary>What the app or one tenant has taken of its limits in the present windows; the ledger's lock guards it.</summary>
internal sealed class BudgetScope
{
    private readonly long[] _starts = new long[BudgetWindows.Count];
    private readonly BudgetAmount[] _taken = new BudgetAmount[BudgetWindows.Count];
    private readonly BudgetAmount[] _limits = new BudgetAmount[BudgetWindows.Count];

    public BudgetScope(string? tenant, BudgetLimits limits)
    {
        Tenant = tenant;
        for (var i = 0; i < BudgetWindows.Count; i++)
            _limits[i] = new(BudgetAmount.Limit(limits.DollarsPer(i)), BudgetAmount.Limit(limits.GramsPer(i)));
    }

    /// <summary>Null: the app.</summary>
    public string? Tenant { get; }

    public BudgetAmount Limit(int window) => _limits[window];

    /// <summary>Spent and set aside in a window.</summary>
    public BudgetAmount Taken(int window, BudgetWindows now) => _starts[window] < now[window] ? default : _taken[window];

    /// <summary>The least that is left of any window.</summary>
    public BudgetAmount Left(BudgetWindows now)
    {
        var (dollars, grams) = (BudgetAmount.NoLimit, BudgetAmount.NoLimit);
        for (var i = 0; i < BudgetWindows.Count; i++)
        {
            var left = Left(i, now);
            (dollars, grams) = (Math.Min(dollars, left.Dollars), Math.Min(grams, left.Grams));
        }

        return new(dollars, grams);
    }

    public BudgetAmount Left(int window, BudgetWindows now)
    {
        var taken = Taken(window, now);
        return new(Left(_limits[window].Dollars, taken.Dollars), Left(_limits[window].Grams, taken.Grams));
    }

    /// <summary>Why an amount does not fit; null if it does.</summary>
    public string? Shortfall(BudgetWindows now, BudgetAmount most)
    {
        for (var i = 0; i < BudgetWindows.Count; i++)
        {
            var left = Left(i, now);
            if (Words(most, left, $"{(Tenant is null ? "the app" : $"tenant '{Tenant}'")}'s {BudgetWindows.Names[i]}") is { } words)
                return words;
        }

        return null;
    }

    /// <summary>Adds to the windows given, or takes off; what belongs to a window that has passed is dropped with it.</summary>
    public void Count(BudgetWindows at, BudgetAmount amount)
    {
        for (var i = 0; i < BudgetWindows.Count; i++) Count(i, at[i], amount);
    }

    public void Count(int window, long start, BudgetAmount amount)
    {
        if (start < _starts[window]) return;
        if (start > _starts[window]) (_starts[window], _taken[window]) = (start, default);
        _taken[window] = (_taken[window] + amount).AtLeastZero();
    }

    /// <summary>Takes a total that was written down; the same one twice counts once.</summary>
    public void Restore(BudgetWindows at, ReadOnlySpan<BudgetAmount> taken)
    {
        for (var i = 0; i < BudgetWindows.Count; i++)
        {
            if (at[i] < _starts[i]) continue;
            var known = at[i] == _starts[i] ? _taken[i] : default;
            (_starts[i], _taken[i]) = (at[i], new(Math.Max(known.Dollars, taken[i].Dollars), Math.Max(known.Grams, taken[i].Grams)));
        }
    }

    public BudgetLine.Total Total() => new(new(_starts[0], _starts[1], _starts[2]), [.. _taken], Tenant);

    public static string? Words(BudgetAmount most, BudgetAmount left, string whose)
    {
        // Nothing more to pay fits even into a budget that was overrun.
        if (most.Dollars > 0 && most.Dollars > left.Dollars)
            return $"it could cost ${Walls.Digits(BudgetAmount.Units(most.Dollars)!.Value)} and ${Walls.Digits(BudgetAmount.Units(left.Dollars)!.Value)} is left of {whose}";
        if (most.Grams > 0 && most.Grams > left.Grams)
            return $"it could emit {Walls.Digits(BudgetAmount.Units(most.Grams)!.Value)} g CO2e and {Walls.Digits(BudgetAmount.Units(left.Grams)!.Value)} g is left of {whose}";
        return null;
    }

    private static long Left(long limit, long taken) => limit == BudgetAmount.NoLimit ? limit : Math.Max(limit - taken, 0);
}
