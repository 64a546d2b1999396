using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.Edge.Inference;

/// <summary>How a device answers requests that come over the bus.</summary>
public sealed record InferenceGatewayOptions
{
    /// <summary>The fleet, a part of every topic.</summary>
    public required string Fleet { get; init; }

    /// <summary>The device's name in the fleet.</summary>
    public required string Device { get; init; }

    /// <summary>The folder that remembers which requests were taken and answered; this process alone has it.</summary>
    public required string Path { get; init; }

    /// <summary>Requests answered at once, 1 to 64.</summary>
    /// <value>2</value>
    public int MaxRunning { get; init; } = 2;

    /// <summary>Requests that wait for their turn, 0 to 10,000; one more is told that the gateway is busy.</summary>
    /// <value>32</value>
    public int MaxQueued { get; init; } = 32;

    /// <summary>How long an answered request is remembered, so that a second delivery of it is dropped; above zero.</summary>
    /// <value>1 hour</value>
    public TimeSpan RememberFor { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How many answered requests are remembered at most, 1 to 1,000,000.</summary>
    /// <value>10,000</value>
    public int MaxRemembered { get; init; } = 10_000;

    /// <summary>The largest request in bytes, 1 KiB to 16 MiB.</summary>
    /// <value>256 KiB</value>
    public int MaxRequestBytes { get; init; } = 256 << 10;

    /// <summary>The clock of deadlines.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Told of what was dropped and refused; never of what was asked.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;

    /// <exception cref="HybridException">Something is out of range (<see cref="HybridError.Configuration"/>).</exception>
    internal void Validate()
    {
        List<string> wrong = [];
        if (!IsLevel(Fleet)) wrong.Add($"{nameof(Fleet)}: '{Fleet}' cannot be a part of a topic");
        if (!IsLevel(Device)) wrong.Add($"{nameof(Device)}: '{Device}' cannot be a part of a topic");
        if (MaxRunning is < 1 or > 64) wrong.Add($"{nameof(MaxRunning)}: {MaxRunning} is out of range; use 1 to 64");
        if (MaxQueued is < 0 or > 10_000) wrong.Add($"{nameof(MaxQueued)}: {MaxQueued} is out of range; use 0 to 10000");
        if (RememberFor <= TimeSpan.Zero) wrong.Add($"{nameof(RememberFor)}: {RememberFor} is out of range; use more than zero");
        if (MaxRemembered is < 1 or > 1_000_000) wrong.Add($"{nameof(MaxRemembered)}: {MaxRemembered} is out of range; use 1 to 1000000");
        if (MaxRequestBytes is < 1 << 10 or > 16 << 20) wrong.Add($"{nameof(MaxRequestBytes)}: {MaxRequestBytes} is out of range; use 1024 to 16777216");
        if (wrong.Count > 0) throw new HybridException(HybridError.Configuration, $"Requests over the bus cannot be answered like this: {string.Join("; ", wrong)}. Nothing was started.");
    }

    private static bool IsLevel(string text) => text.Length is > 0 and <= 128 && text.AsSpan().IndexOfAny("+#/\0") < 0;
}
