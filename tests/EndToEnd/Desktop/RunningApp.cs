using System.Diagnostics;

namespace Hybrid.EndToEnd.Desktop;

/// <summary>The desktop sample as its user starts it, with no browser of its own; its pool is cold at first.</summary>
public sealed class RunningApp : IDisposable
{
    /// <summary>A policy under which the device speaks until the pool is awake, slowly enough that it has not ended by then.</summary>
    public const string Bridging = "bridging";

    private readonly ChildProcess _process;

    public RunningApp()
    {
        _process = ChildProcess.Start(new ProcessStartInfo("dotnet", [ChildProcess.PathOf("samples/DesktopApp", "DesktopApp"), "--no-browser"])
        {
            Environment =
            {
                ["ConsoleChat__Worker__ColdStart"] = "1s",
                [$"Hybrid__Policies__{Bridging}__DollarsPerSecond"] = "0.003",
                [$"Hybrid__Policies__{Bridging}__DollarsPerQualityPoint"] = "0.01",
                [$"Hybrid__Policies__{Bridging}__TokensPerSecond"] = "2",
            },
        });
        var line = _process.Output.ReadLine();
        Address = new Uri(line?.Split(' ') is ["Open", var address, ..] ? address : throw new InvalidOperationException($"It did not open: {line}"));
    }

    public Uri Address { get; }

    public void Dispose() => _process.Dispose();
}
