using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Tests.Policy;

/// <summary>The walls written a second time, from the pages and not from the code: what must remove a target, and what must not.</summary>
/// <remarks>Where a figure lies within rounding of its limit, or near the largest numbers there are, it says neither.</remarks>
internal sealed class WallOracle(RequestProfile profile, RoutingPolicy policy, TargetSnapshot target)
{
    private const double Rounding = 1e-9;
    private static readonly Dictionary<string, PrivacyClass[]> MaySee = new()
    {
        ["device"] = [PrivacyClass.Public, PrivacyClass.Internal, PrivacyClass.Confidential, PrivacyClass.Secret],
        ["site"] = [PrivacyClass.Public, PrivacyClass.Internal, PrivacyClass.Confidential],
        ["region:eu"] = [PrivacyClass.Public, PrivacyClass.Internal],
        ["region:us"] = [PrivacyClass.Public, PrivacyClass.Internal],
        ["public"] = [PrivacyClass.Public],
    };

    private readonly Figures _figures = new(profile, target);

    /// <summary>True: it must be hit. False: it must not. Null: too close to say.</summary>
    public bool? Hits(Wall wall)
    {
        var (descriptor, state, _) = target;
        return wall switch
        {
            Wall.Pin => (profile.Target is not null && profile.Target != descriptor.Name) || (profile.Model is not null && profile.Model != descriptor.Model),
            Wall.Privacy => !MaySee[descriptor.Zone.ToString()].Contains(profile.Privacy),
            Wall.Offline => policy.Offline && descriptor.Zone.ToString() != "device",
            Wall.NotAllowed => (policy.AllowedTargets.Count > 0 && !policy.AllowedTargets.Contains(descriptor.Name))
                || (policy.AllowedZones.Count > 0 && !policy.AllowedZones.Select(zone => zone.ToString()).Contains(descriptor.Zone.ToString())),
            Wall.Capability => ((int)profile.Needs | (int)descriptor.Capabilities) != (int)descriptor.Capabilities,
            Wall.Context => (decimal)profile.PromptTokens + profile.ContinuationTokens + Math.Max(profile.ExpectedOutputTokens, profile.MaxOutputTokens ?? 0) > descriptor.ContextLength,
            Wall.Unavailable => state.Readiness == TargetReadiness.Unavailable,
            Wall.Price => Above(_figures.Dollars, policy.MaxDollarsPerRequest),
            Wall.Carbon => Above(_figures.Grams, policy.MaxGramsPerRequest),
            Wall.FirstToken => Either(Above(_figures.FirstToken, policy.MaxTimeToFirstToken?.TotalSeconds), Above(_figures.FirstToken, profile.MaxTimeToFirstToken?.TotalSeconds)),
            Wall.PerToken => Either(Above(_figures.PerToken, policy.MaxTimePerToken?.TotalSeconds), Above(_figures.PerToken, profile.MaxTimePerToken?.TotalSeconds)),
            Wall.Deadline => Above(_figures.Total, profile.TimeLeft?.TotalSeconds),
            Wall.Budget => Either(Above(_figures.Dollars, profile.DollarsLeft), Above(_figures.Grams, profile.GramsLeft)),
            Wall.Battery => target.BatteryLeft is { } left && policy.MinBattery is { } kept && left < kept,
            Wall.Temperature => target.Celsius is { } hot && policy.MaxCelsius is { } most && hot > most,
            Wall.Metered => policy.AvoidMetered && target.IsMetered,
            Wall.Figures => Unusable(),
            _ => throw new InvalidOperationException($"The oracle does not know {wall}; teach it."),
        };
    }

    /// <summary>The score without quality, which depends on the others.</summary>
    public double Dollars => _figures.Dollars + (_figures.Total * (1 + target.Rates.FailureProbability) * policy.DollarsPerSecond)
        + (_figures.Grams / 1e6 * policy.DollarsPerTonCarbon) + target.LearnedDollars;

    public double Quality => Math.Clamp(
        target.Descriptor.Quality ?? (target.Descriptor.ParametersBillions > 0 ? 0.329 + (0.126 * Math.Log10(target.Descriptor.ParametersBillions)) : 0), 0, 1);

    private bool? Unusable()
    {
        double[] all = [_figures.Prefill, _figures.Decode, _figures.FirstToken, _figures.Total, _figures.Dollars, _figures.Joules, _figures.Grams, Dollars, Quality * policy.DollarsPerQualityPoint];
        if (all.Any(double.IsNaN) || !(target.Rates.PrefillTokensPerSecond > 0) || !(target.Rates.DecodeTokensPerSecond > 0)) return true;
        if (all.Any(figure => Math.Abs(figure) > 1e280)) return all.Any(double.IsInfinity) ? true : null;
        if (_figures.Total >= 9e10 * (1 + Rounding)) return true;
        if (_figures.Total > 9e10 * (1 - Rounding)) return null;
        return Either(Below(_figures.Prefill, 0), Below(_figures.Decode, 0), Below(_figures.Total - _figures.FirstToken, _figures.FirstToken), Below(_figures.Dollars, _figures.DollarsAtMost), Below(_figures.Grams, 0), Below(_figures.Joules, 0));
    }

    /// <summary>Below zero by more than what rounding makes of terms of a size.</summary>
    private static bool? Below(double value, double size) => value >= 0 ? false : -value > size * Rounding ? true : null;

    private static bool? Above(double value, double? limit) => limit switch
    {
        null => false,
        double.NaN => true,
        { } most when double.IsNaN(value) || most == value => false,
        { } most when Math.Abs(value - most) <= Math.Abs(most) * Rounding => null,
        { } most when Math.Abs(value) > 1e280 && !double.IsInfinity(value) => null,
        { } most => value > most,
    };

    private static bool? Either(params bool?[] ways) => ways.Contains(true) ? true : ways.Contains(null) ? null : false;

    /// <summary>The formulas of the documentation, one after the other.</summary>
    private sealed class Figures
    {
        public Figures(RequestProfile profile, TargetSnapshot target)
        {
            var (stated, state, rates) = target;
            var tokens = Math.Clamp((double)profile.PromptTokens + profile.ContinuationTokens, int.MinValue, int.MaxValue);
            var cached = tokens * rates.CachedShare;
            Prefill = (tokens - cached) / rates.PrefillTokensPerSecond;
            Decode = profile.ExpectedOutputTokens / rates.DecodeTokensPerSecond;
            var free = state.Slots > 0 ? (double)state.Slots - state.BusySlots : 1;
            var ahead = state.Slots > 0 ? 1 - free + state.QueueLength : state.QueueLength;
            var beside = state.Slots > 0 ? Math.Min((double)state.BusySlots + state.QueueLength, state.Slots) : state.BusySlots;
            var queue = ahead > 0 ? ahead * (Prefill + Decode) / Math.Max(1, state.Slots) : 0;
            var cold = state.Readiness is TargetReadiness.Cold or TargetReadiness.Warming ? rates.ColdStart.TotalSeconds : 0;
            var start = (queue * rates.QueueFactor) + (beside * rates.WaitPerBusySlot.TotalSeconds) + rates.RoundTrip.TotalSeconds + Prefill;
            var first = cold + (start * rates.FirstTokenSpread.At(0.5));
            FirstToken = first < 0 ? double.NaN : Math.Max(1e-5, first);
            PerToken = 1 / rates.DecodeTokensPerSecond * rates.PerTokenSpread.At(0.5);
            Total = FirstToken + ((profile.OutputTokensAtQuantile ?? profile.ExpectedOutputTokens) / rates.DecodeTokensPerSecond * rates.PerTokenSpread.At(0.5));
            var busy = double.IsNaN(Prefill + Decode) ? 9e10 : Math.Floor(Math.Clamp(Prefill + Decode, 0, 9e10) * 1e7) / 1e7; // times are kept in ticks of 100 ns
            double[] bill =
            [
                stated.DollarsPerMillionInputTokens * (tokens - cached) / 1e6,
                (stated.DollarsPerMillionCachedTokens ?? stated.DollarsPerMillionInputTokens) * cached / 1e6,
                stated.DollarsPerMillionOutputTokens * profile.ExpectedOutputTokens / 1e6,
                stated.DollarsPerHour * (busy / 3600),
                state.Readiness == TargetReadiness.Cold ? stated.IdleDollarsPerHour * ((stated.ColdStart.TotalSeconds + stated.StaysWarm.TotalSeconds) / 3600) : 0,
            ];
            Dollars = bill.Sum() * target.PriceFactor;
            DollarsAtMost = bill.Sum(Math.Abs) * Math.Abs(target.PriceFactor);
            Joules = stated.ActiveWatts == 0 && stated.ParametersBillions > 0 && stated.Zone.ToString() != "device"
                ? EnergyModel.JoulesPerToken(stated.ParametersBillions) * profile.ExpectedOutputTokens * stated.PowerUsageEffectiveness
                : stated.ActiveWatts * busy * stated.PowerUsageEffectiveness;
            Grams = Joules / 3.6e6 * (target.Grid?.GramsPerKilowattHour ?? stated.GramsPerKilowattHour);
        }

        public double Prefill { get; }

        public double Decode { get; }

        public double FirstToken { get; }

        public double PerToken { get; }

        public double Total { get; }

        public double Dollars { get; }

        public double DollarsAtMost { get; }

        public double Joules { get; }

        public double Grams { get; }
    }
}
