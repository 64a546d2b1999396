using Hybrid.Targets;

namespace Hybrid.Cli.Simulation;

/// <summary>A target as it truly is; only its descriptor is known to those who choose.</summary>
internal sealed record SimulatedTarget
{
    /// <summary>What is stated.</summary>
    public required TargetDescriptor Descriptor { get; init; }

    /// <summary>Requests decoded at once; 0: as many as come.</summary>
    public int Slots { get; init; }

    /// <summary>Whether its answers tell queue and prefill time, as a worker's do and a hosted API's do not.</summary>
    public bool ReportsTimes { get; init; } = true;

    /// <summary>How far the stated speed is from the true one: the standard deviation of its logarithm, drawn once.</summary>
    public double Bias { get; init; } = 0.15;

    /// <summary>How far the speed wanders over the hours: the standard deviation of its logarithm.</summary>
    public double Drift { get; init; } = 0.1;

    /// <summary>Noise of a request's time to the first token: the standard deviation of its logarithm.</summary>
    public double FirstTokenNoise { get; init; } = 0.1;

    /// <summary>Noise of a request's time per token: the standard deviation of its logarithm.</summary>
    public double PerTokenNoise { get; init; } = 0.05;

    /// <summary>Noise of a cold start, whose length stays within 5 to 90 s and the stated: the standard deviation of its logarithm.</summary>
    public double ColdStartNoise { get; init; } = 0.25;

    /// <summary>The share of first tokens that take three to eight times as long.</summary>
    public double Stragglers { get; init; }

    /// <summary>The share of attempts that fail by themselves, half of them at the first token, half in mid-stream.</summary>
    public double Failures { get; init; }

    /// <summary>Mean time between two outages of the target itself, in seconds; infinite: none.</summary>
    public double BetweenOutages { get; init; } = double.PositiveInfinity;

    /// <summary>Mean length of an outage, in seconds.</summary>
    public double OutageLength { get; init; } = 240;

    /// <summary>The share of the working day that other tenants keep it warm, 0 to 1; at night a quarter of it.</summary>
    public double KeptWarmByOthers { get; init; }

    /// <summary>How much of its grid's power is solar at noon, 0 to 1.</summary>
    public double SolarShare { get; init; } = 0.35;

    public string Name => Descriptor.Name;

    /// <summary>Whether it is reached over the network that now and then is down.</summary>
    public bool Remote => Descriptor.Zone != Zone.Device && Descriptor.Zone != Zone.Site;

    public bool OnDevice => Descriptor.Zone == Zone.Device;

    /// <summary>Whether it goes cold when nobody asks for a while.</summary>
    public bool ScalesToZero => Descriptor.ColdStart > TimeSpan.Zero;
}
