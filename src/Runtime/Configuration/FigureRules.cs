using Hybrid.Policy;
using Hybrid.Policy.Learning;
using Hybrid.Policy.Log;
using Hybrid.Targets;

namespace Hybrid.Configuration;

/// <summary>The ranges of every figure a person can give, each message with the key path.</summary>
internal static class FigureRules
{
    /// <summary>Checks targets and policies made by hand; throws with all errors at once.</summary>
    public static void Check(IReadOnlyList<ITarget> targets, IReadOnlyList<RoutingPolicy> policies)
    {
        List<string> errors = [];
        HashSet<string> names = [];
        foreach (var target in targets)
        {
            ArgumentNullException.ThrowIfNull(target, nameof(targets));
            var descriptor = target.Descriptor;
            if (!names.Add(descriptor.Name)) errors.Add($"target '{descriptor.Name}': the name is used twice");
            Check(descriptor, $"target '{descriptor.Name}'", errors);
        }

        foreach (var policy in policies) Check(policy, $"policy '{policy.Name}'", errors);
        ThrowIfAny(errors);
    }

    public static void Check(TargetDescriptor target, string path, ICollection<string> errors)
    {
        NotNegative(target.ParametersBillions, nameof(target.ParametersBillions));
        NotNegative(target.DollarsPerMillionInputTokens, nameof(target.DollarsPerMillionInputTokens));
        NotNegative(target.DollarsPerMillionOutputTokens, nameof(target.DollarsPerMillionOutputTokens));
        NotNegative(target.DollarsPerHour, nameof(target.DollarsPerHour));
        NotNegative(target.DollarsPerMillionCachedTokens ?? 0, nameof(target.DollarsPerMillionCachedTokens));
        NotNegative(target.IdleDollarsPerHour, nameof(target.IdleDollarsPerHour));
        NotNegative(target.StaysWarm.TotalSeconds, nameof(target.StaysWarm));
        NotNegative(target.ActiveWatts, nameof(target.ActiveWatts));
        NotNegative(target.EmbodiedGramsPerHour, nameof(target.EmbodiedGramsPerHour));
        NotNegative(target.GramsPerKilowattHour, nameof(target.GramsPerKilowattHour));
        NotNegative(target.RoundTrip.TotalSeconds, nameof(target.RoundTrip));
        NotNegative(target.ColdStart.TotalSeconds, nameof(target.ColdStart));
        Positive(target.PrefillTokensPerSecond, nameof(target.PrefillTokensPerSecond));
        Positive(target.DecodeTokensPerSecond, nameof(target.DecodeTokensPerSecond));
        Positive(target.ContextLength, nameof(target.ContextLength));
        if (!(target.PowerUsageEffectiveness >= 1) || double.IsInfinity(target.PowerUsageEffectiveness))
            errors.Add($"{path}:{nameof(target.PowerUsageEffectiveness)}: {target.PowerUsageEffectiveness} is out of range; use 1 or more");
        if (target.Quality is { } quality && !(quality is >= 0 and <= 1))
            errors.Add($"{path}:{nameof(target.Quality)}: {quality} is out of range; use 0 to 1");

        void NotNegative(double value, string key) => FigureRules.NotNegative(value, $"{path}:{key}", errors);
        void Positive(double value, string key) => FigureRules.Positive(value, $"{path}:{key}", errors);
    }

    public static void Check(RoutingPolicy policy, string path, ICollection<string> errors)
    {
        NotNegative(policy.DollarsPerSecond, $"{path}:{nameof(policy.DollarsPerSecond)}", errors);
        NotNegative(policy.DollarsPerTonCarbon, $"{path}:{nameof(policy.DollarsPerTonCarbon)}", errors);
        NotNegative(policy.DollarsPerQualityPoint, $"{path}:{nameof(policy.DollarsPerQualityPoint)}", errors);
        if (!(policy.LatencyQuantile is >= 0.05 and <= 0.99))
            errors.Add($"{path}:{nameof(policy.LatencyQuantile)}: {policy.LatencyQuantile} is out of range; use 0.05 to 0.99");
        if (!(policy.ExplorationRate is >= 0 and <= Exploration.MostRate))
            errors.Add($"{path}:{nameof(policy.ExplorationRate)}: {policy.ExplorationRate} is out of range; use 0 to {Exploration.MostRate}");
        NotNegative(policy.MaxExplorationDollars, $"{path}:{nameof(policy.MaxExplorationDollars)}", errors);
        Positive(policy.MaxDollarsPerRequest ?? 1, $"{path}:{nameof(policy.MaxDollarsPerRequest)}", errors);
        Positive(policy.MaxGramsPerRequest ?? 1, $"{path}:{nameof(policy.MaxGramsPerRequest)}", errors);
        Positive(policy.MaxTimeToFirstToken?.TotalSeconds ?? 1, $"{path}:{nameof(policy.MaxTimeToFirstToken)}", errors);
        Positive(policy.MaxTimePerToken?.TotalSeconds ?? 1, $"{path}:{nameof(policy.MaxTimePerToken)}", errors);
        NotNegative(policy.HedgeAfter?.TotalSeconds ?? 0, $"{path}:{nameof(policy.HedgeAfter)}", errors);
        Positive(policy.MaxTokenGap?.TotalSeconds ?? 1, $"{path}:{nameof(policy.MaxTokenGap)}", errors);
        Positive(policy.TokensPerSecond ?? 1, $"{path}:{nameof(policy.TokensPerSecond)}", errors);
        Share(policy.MinConfidence, $"{path}:{nameof(policy.MinConfidence)}", errors);
        Share(policy.MinBattery, $"{path}:{nameof(policy.MinBattery)}", errors);
        if (!(policy.MaxCelsius is null or (>= 0 and <= 150)))
            errors.Add($"{path}:{nameof(policy.MaxCelsius)}: {policy.MaxCelsius} is out of range; use 0 to 150");
        Positive(policy.ExpectedOutputTokens, $"{path}:{nameof(policy.ExpectedOutputTokens)}", errors);
        Positive(policy.OutputTokensBound, $"{path}:{nameof(policy.OutputTokensBound)}", errors);
    }

    public static void Check(DecisionLogOptions log, string path, ICollection<string> errors)
    {
        if (string.IsNullOrWhiteSpace(log.Path))
            errors.Add($"{path}:{nameof(log.Path)}: it is missing; give the path of a file");
        else if (Directory.Exists(log.Path))
            errors.Add($"{path}:{nameof(log.Path)}: '{log.Path}' is a folder; give the path of a file");
        if (log.MaxFileSize < DecisionLogOptions.LeastFileSize)
            errors.Add($"{path}:{nameof(log.MaxFileSize)}: {log.MaxFileSize} is out of range; use {DecisionLogOptions.LeastFileSize} bytes or more");
        if (log.KeptFiles is < 0 or > DecisionLogOptions.MostKeptFiles)
            errors.Add($"{path}:{nameof(log.KeptFiles)}: {log.KeptFiles} is out of range; use 0 to {DecisionLogOptions.MostKeptFiles}");
        if (log.QueueLength < 1)
            errors.Add($"{path}:{nameof(log.QueueLength)}: {log.QueueLength} is out of range; use 1 or more");
    }

    public static void ThrowIfAny(IReadOnlyCollection<string> errors)
    {
        if (errors.Count == 0) return;
        var many = errors.Count == 1 ? "One setting cannot be used" : $"{errors.Count} settings cannot be used";
        throw new HybridException(HybridError.Configuration, $"{many}:\n{string.Join('\n', errors)}");
    }

    private static void Share(double? value, string path, ICollection<string> errors)
    {
        if (value is { } share && !(share is >= 0 and <= 1)) errors.Add($"{path}: {share} is out of range; use 0 to 1");
    }

    private static void NotNegative(double value, string path, ICollection<string> errors)
    {
        if (!double.IsFinite(value) || value < 0) errors.Add($"{path}: {value} is out of range; use a finite number of 0 or more");
    }

    public static void Positive(double value, string path, ICollection<string> errors)
    {
        if (!double.IsFinite(value) || value <= 0) errors.Add($"{path}: {value} is out of range; use a finite number above 0");
    }
}
