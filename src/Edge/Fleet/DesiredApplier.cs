using Hybrid.Configuration;
using Microsoft.Extensions.Logging;

namespace Hybrid.Edge.Fleet;

/// <summary>Takes desired states or refuses them: all of one or nothing, and back to the one before where the device is not well under it.</summary>
/// <remarks>What is tried is on the disk before it is in force, and stays there until it is proven, so that a crash in between is neither forgotten nor mixed.</remarks>
internal sealed class DesiredApplier(FleetConfiguration configuration, FleetDeviceParts parts, TimeProvider time, ILogger logger) : IDisposable
{
    private static readonly string[] MadeAtStart = [nameof(HybridOptions.Pools), nameof(HybridOptions.Grid), nameof(HybridOptions.Models)];
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Dictionary<bool, ReportedRefusal> _refused = [];

    /// <summary>What is reported changed.</summary>
    public Action Changed { get; set; } = () => { };

    /// <summary>What becomes of desired states, as it is reported.</summary>
    public (ReportedDesired Fleet, ReportedDesired Device) Reported
    {
        get
        {
            lock (_refused) return (Of(false), Of(true));
        }
    }

    /// <summary>Sections whose change counts from the next start.</summary>
    public IReadOnlyList<string> RestartRequired =>
        [.. MadeAtStart.Select(section => $"{HybridOptions.Section}:{section}").Where(section => !Same(configuration.AtStart, configuration.State, section))];

    /// <summary>Proves or takes back what was being tried when the device went down.</summary>
    public async Task ProveAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            var memory = configuration.Memory;
            if (memory.Trial is not { } trial) return;
            if (await ProblemAsync(cancellationToken) is not { } problem)
            {
                Remember(memory with { Good = trial, Trial = null, Starts = 0 });
                return;
            }

            var back = memory with { Trial = null, Starts = 0 };
            foreach (var ofDevice in new[] { false, true })
            {
                var (tried, good) = (Envelope(trial, ofDevice), Envelope(memory.Good, ofDevice));
                if (tried is null || (good is not null && tried.AsSpan().SequenceEqual(good)) || memory.Seen(ofDevice) is not { } seen) continue;
                var refusal = new FleetRefusal(FleetRefusals.RolledBack, $"{problem}; the state before is back");
                back = back.With(ofDevice, seen with { Refusal = refusal });
                FleetLog.Refused(logger, Scope(ofDevice), refusal.Code, refusal.Reason);
            }

            configuration.Follow(configuration.StateOf(memory.Good));
            Remember(back);
        }
        finally
        {
            _turn.Release();
            Changed();
        }
    }

    /// <summary>Looks at what came, and takes it if it may.</summary>
    public async Task OfferAsync(bool ofDevice, ReadOnlyMemory<byte> envelope, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (await TryAsync(ofDevice, envelope, cancellationToken) is { } refused) Refuse(ofDevice, refused);
        }
        finally
        {
            _turn.Release();
            Changed();
        }
    }

    public void Dispose() => _turn.Dispose();

    private static byte[]? Envelope(DesiredPair pair, bool ofDevice) => ofDevice ? pair.Device : pair.Fleet;

    private static string Scope(bool ofDevice) => ofDevice ? "device" : "fleet";

    private static bool Same(DesiredState one, DesiredState other, string section) => Below(one, section).SequenceEqual(Below(other, section));

    private static IEnumerable<KeyValuePair<string, string?>> Below(DesiredState state, string section) =>
        state.Settings.Where(pair => pair.Key.StartsWith(section + ":", StringComparison.OrdinalIgnoreCase)).OrderBy(pair => pair.Key, StringComparer.OrdinalIgnoreCase);

    private async Task<ReportedRefusal?> TryAsync(bool ofDevice, ReadOnlyMemory<byte> envelope, CancellationToken cancellationToken)
    {
        if (SignedEnvelope.Open(envelope, SignedEnvelope.Desired, configuration.Keys, out var refusal) is not { } payload
            || DesiredDocument.Read(payload, out refusal) is not { } document) return Refusal(null, refusal!);
        if (NotOurs(ofDevice, document) is { } reason) return Refusal(document.Version, new(FleetRefusals.NotForThisDevice, reason));
        var memory = configuration.Memory;
        if (memory.Seen(ofDevice) is { } seen)
        {
            if (document.Version < seen.Version) return Refusal(document.Version, new(FleetRefusals.Replayed, $"version {seen.Version} was seen before, and {document.Version} is older"));
            if (document.Version == seen.Version && document.Digest != seen.Digest) return Refusal(document.Version, new(FleetRefusals.Replayed, $"another document with version {seen.Version} was seen before; give this one a higher version"));
            if (document.Version == seen.Version) return seen.Refusal is null ? null : Refusal(document.Version, seen.Refusal);
        }

        var pair = memory.Current.With(ofDevice, envelope.ToArray());
        var state = configuration.StateOf(pair);
        IReadOnlyList<string> problems = [.. state.Problems(configuration.Device), .. parts.Check?.Invoke(state.Settings) ?? []];
        var known = memory.With(ofDevice, new(document.Version, document.Digest));
        if (problems.Count > 0)
        {
            refusal = new(FleetRefusals.Invalid, string.Join("; ", problems.Take(10)));
            Remember(known.With(ofDevice, new(document.Version, document.Digest, refusal)));
            return Refusal(document.Version, refusal);
        }

        return await ApplyAsync(ofDevice, document, state, known with { Trial = pair, Starts = 1 }, memory, cancellationToken);
    }

    private async Task<ReportedRefusal?> ApplyAsync(bool ofDevice, DesiredDocument document, DesiredState state, FleetMemory trying, FleetMemory before, CancellationToken cancellationToken)
    {
        try
        {
            configuration.Remember(trying);
        }
        catch (HybridException failure)
        {
            // Not seen, so that the same document is taken when there is room.
            return Refusal(document.Version, new(FleetRefusals.Storage, failure.Message));
        }

        var old = configuration.State;
        configuration.Follow(state);
        // Where the device stops in the middle of this, its next start proves the state.
        if (await ProblemAsync(cancellationToken) is not { } problem)
        {
            // What only counts from the next start is proven by that start.
            Remember(RestartRequired.Count > 0 ? trying with { Starts = 0 } : trying with { Good = trying.Trial!, Trial = null, Starts = 0 });
            lock (_refused) _refused.Remove(ofDevice);
            FleetLog.Applied(logger, document.Version, Scope(ofDevice));
            return null;
        }

        configuration.Follow(old);
        var refusal = new FleetRefusal(FleetRefusals.RolledBack, $"{problem}; the state before is back");
        Remember(before.With(ofDevice, new(document.Version, document.Digest, refusal)));
        return Refusal(document.Version, refusal);
    }

    /// <summary>Why the device is not well; null: it is.</summary>
    private async Task<string?> ProblemAsync(CancellationToken cancellationToken)
    {
        if (parts.Health is not { } health) return null;
        using var late = new CancellationTokenSource(configuration.Options.HealthTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            return await health(both.Token).WaitAsync(both.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"the device was not well after {configuration.Options.HealthTimeout.TotalSeconds:0.#} s";
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return exception.Message.TrimEnd('.');
        }
    }

    private string? NotOurs(bool ofDevice, DesiredDocument document)
    {
        var options = configuration.Options;
        if (document.Fleet != options.Fleet) return $"it is for fleet '{document.Fleet}', and this is '{options.Fleet}'";
        if (ofDevice && document.Device != options.Device) return document.Device is null ? "it is for the whole fleet and came as this device's" : $"it is for device '{document.Device}', and this is '{options.Device}'";
        return !ofDevice && document.Device is not null ? $"it is for device '{document.Device}' and came as the fleet's" : null;
    }

    private void Remember(FleetMemory memory)
    {
        try
        {
            configuration.Remember(memory);
        }
        catch (HybridException failure)
        {
            FleetLog.NotRemembered(logger, failure.Message);
            configuration.Assume(memory);
        }
    }

    private ReportedRefusal Refusal(long? version, FleetRefusal refusal) => new(version, refusal.Code, refusal.Reason, time.GetUtcNow());

    private void Refuse(bool ofDevice, ReportedRefusal refusal)
    {
        lock (_refused)
        {
            if (_refused.TryGetValue(ofDevice, out var before) && (before.Version, before.Code, before.Reason) == (refusal.Version, refusal.Code, refusal.Reason)) return;
            _refused[ofDevice] = refusal;
        }

        FleetLog.Refused(logger, Scope(ofDevice), refusal.Code, refusal.Reason);
    }

    private ReportedDesired Of(bool ofDevice)
    {
        var (applied, seen) = (configuration.Read(Envelope(configuration.Memory.Current, ofDevice)), configuration.Memory.Seen(ofDevice));
        var refused = _refused.TryGetValue(ofDevice, out var here) ? here
            : seen?.Refusal is { } before ? new ReportedRefusal(seen.Version, before.Code, before.Reason, null)
            : null;
        return new(applied?.Version, seen?.Version, refused);
    }
}
