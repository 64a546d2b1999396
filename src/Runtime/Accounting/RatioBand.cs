using System.Runtime.InteropServices;

namespace Hybrid.Accounting;

/// <summary>Quantiles of measured time over predicted time: an immutable snapshot.</summary>
public sealed class RatioBand
{
    internal static readonly double[] Levels = [0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99];
    private readonly double[] _ratios;

    /// <param name="ratioAt">The ratio at a quantile; above 0 and not falling with it.</param>
    public RatioBand(Func<double, double> ratioAt)
    {
        ArgumentNullException.ThrowIfNull(ratioAt);
        _ratios = [.. Levels.Select(ratioAt)];
    }

    /// <param name="ratios">One for each of <see cref="Levels"/>; kept.</param>
    internal RatioBand(double[] ratios) => _ratios = ratios;

    /// <summary>The ratios at the levels kept, rising.</summary>
    internal IReadOnlyList<double> Ratios => _ratios;

    /// <summary>A band of the ratios that another gave.</summary>
    /// <returns>Null: they are not as many as the levels.</returns>
    internal static RatioBand? Of(double[] ratios) => ratios.Length == Levels.Length ? new(ratios) : null;

    /// <summary>Before anything was measured: within a factor of about four, 95 times of 100.</summary>
    public static RatioBand Young { get; } = new(level => Math.Exp(0.7 * Normal(level)));

    /// <summary>The ratio below which a share of the measurements stays.</summary>
    /// <param name="quantile">Clamped to 0.025 to 0.99; between the levels kept, the line that joins them.</param>
    public double At(double quantile) => At(Find(quantile));

    /// <summary>The same for a quantile that was looked up before; a decision asks every target at one.</summary>
    internal double At(in Place place) => _ratios[place.Below] + ((_ratios[place.Below + 1] - _ratios[place.Below]) * place.Share);

    /// <summary>Where a quantile lies among the levels kept.</summary>
    internal static Place Find(double quantile)
    {
        if (!(quantile > Levels[0]))
            return new(0, 0);
        for (var i = 1; i < Levels.Length; i++)
        {
            if (quantile <= Levels[i])
                return new(i - 1, (quantile - Levels[i - 1]) / (Levels[i] - Levels[i - 1]));
        }

        return new(Levels.Length - 2, 1);
    }

    /// <summary>This band as far as it is kept, and another for the rest; in between by the logarithm.</summary>
    /// <param name="other">The other.</param>
    /// <param name="kept">0: the other, 1: this.</param>
    internal RatioBand Toward(RatioBand other, double kept)
    {
        if (kept >= 1)
            return this;
        var ratios = new double[Levels.Length];
        for (var i = 0; i < ratios.Length; i++)
            ratios[i] = Math.Exp((kept * Math.Log(_ratios[i])) + ((1 - kept) * Math.Log(other._ratios[i])));
        return new(ratios);
    }

    /// <summary>Between the level at <paramref name="Below"/> and the next, this share of the way.</summary>
    [StructLayout(LayoutKind.Auto)]
    internal readonly record struct Place(int Below, double Share);

    /// <summary>The standard normal's quantile at a level kept.</summary>
    private static double Normal(double level) => level switch
    {
        0.025 => -1.960,
        0.05 => -1.645,
        0.1 => -1.282,
        0.25 => -0.674,
        0.75 => 0.674,
        0.9 => 1.282,
        0.95 => 1.645,
        0.975 => 1.960,
        0.99 => 2.326,
        _ => 0,
    };
}
