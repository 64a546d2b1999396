namespace Hybrid.Edge.Fleet;

/// <summary>The topics of one device; version 1 of docs/edge-protocol.md.</summary>
/// <param name="Fleet">The fleet's name, or a + for all.</param>
/// <param name="Device">The device's name, or a + for all.</param>
internal sealed record FleetTopics(string Fleet, string Device)
{
    private const string Root = "hybrid/v1";

    /// <summary>What all devices should be; retained, signed.</summary>
    public string FleetDesired => $"{Root}/{Fleet}/desired";

    /// <summary>What this one should be besides; retained, signed.</summary>
    public string DeviceDesired => $"{Root}/{Fleet}/{Device}/desired";

    /// <summary>What it is; retained.</summary>
    public string Reported => $"{Root}/{Fleet}/{Device}/reported";

    /// <summary>Whether it is there; retained.</summary>
    public string Presence => $"{Root}/{Fleet}/{Device}/presence";

    /// <summary>What its requests took.</summary>
    public string Telemetry => $"{Root}/{Fleet}/{Device}/telemetry";

    /// <summary>What it is to do once; signed.</summary>
    public string Command => $"{Root}/{Fleet}/{Device}/command";

    /// <summary>What came of that.</summary>
    public string CommandResult => $"{Root}/{Fleet}/{Device}/command/result";

    /// <summary>Where receivers say which of its records they have.</summary>
    public string Confirm => $"{Root}/{Fleet}/{Device}/confirm";

    /// <summary>The device of a topic below the fleet; null: it is another kind of topic.</summary>
    public static string? DeviceOf(string topic) => topic.Split('/') is ["hybrid", "v1", _, var device, _, ..] ? device : null;
}
