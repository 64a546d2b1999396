namespace Hybrid.EndToEnd.Desktop;

/// <summary>The desktop sample as its user starts it, with no browser of its own.</summary>
public sealed class RunningApp : IDisposable
{
    private readonly ChildProcess _process = ChildProcess.Start("samples/DesktopApp", "DesktopApp", "--no-browser");

    public RunningApp()
    {
        var line = _process.Output.ReadLine();
        Address = new Uri(line?.Split(' ') is ["Open", var address, ..] ? address : throw new InvalidOperationException($"It did not open: {line}"));
    }

    public Uri Address { get; }

    public void Dispose() => _process.Dispose();
}
