using System.Runtime.InteropServices;

namespace Hybrid.Storage;

/// <summary>A second name for a file, which .NET has no call for.</summary>
internal static partial class HardLink
{
    /// <summary>False where the file system, the user's rights or the two places do not allow it.</summary>
    public static bool TryCreate(string file, string link)
    {
        try
        {
            return OperatingSystem.IsWindows() ? CreateHardLink(link, file, 0) : Link(file, link) == 0;
        }
        catch (Exception exception) when (exception is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string file, string link);

    [LibraryImport("kernel32", EntryPoint = "CreateHardLinkW", StringMarshalling = StringMarshalling.Utf16)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool CreateHardLink(string link, string file, nint security);
}
