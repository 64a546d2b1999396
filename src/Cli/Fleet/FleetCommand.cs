using System.CommandLine;

namespace Hybrid.Cli.Fleet;

/// <summary><c>hybrid fleet</c>: what an operator sees of a fleet, and says to it.</summary>
internal static class FleetCommand
{
    public static Command Create() => new("fleet", "The devices of a fleet: who is there, what they run and spent, and what they should be.")
    {
        StatusCommand.Create(),
        WatchCommand.Create(),
        PublishCommand.Create(),
        TellCommand.Create(),
        KeygenCommand.Create(),
    };
}
