using System.ComponentModel;
using System.Diagnostics;

namespace DesktopApp;

/// <summary>Opens the page in the user's browser, where there is one.</summary>
internal static class Browser
{
    /// <summary>Opens an address; returns what must live until the app ends.</summary>
    /// <remarks>Command lines are seen by every user of a machine, so that the browser is given a file that only its owner reads and that leads to the address.</remarks>
    public static IDisposable? Open(Uri address)
    {
        if (OperatingSystem.IsLinux() && Environment.GetEnvironmentVariable("DISPLAY") is null && Environment.GetEnvironmentVariable("WAYLAND_DISPLAY") is null)
            return null;
        var link = new LinkFile(address);
        var start = OperatingSystem.IsWindows() ? new ProcessStartInfo(link.Path) { UseShellExecute = true }
            : new ProcessStartInfo(OperatingSystem.IsMacOS() ? "open" : "xdg-open", [link.Path]);
        try
        {
            Process.Start(start)?.Dispose();
        }
        catch (Win32Exception)
        {
            // No browser: the address is on the console.
        }

        return link;
    }

    private sealed class LinkFile : IDisposable
    {
        public LinkFile(Uri address)
        {
            Path = System.IO.Path.Combine(Directory.CreateTempSubdirectory("hybrid-desktop-").FullName, "open.html"); // a folder that is its owner's alone
            File.WriteAllText(Path, $"""<!DOCTYPE html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url={address}"><title>Hybrid</title>""");
        }

        public string Path { get; }

        public void Dispose() => Directory.Delete(System.IO.Path.GetDirectoryName(Path)!, recursive: true);
    }
}
