using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Hybrid.Benchmarks.Models.Pull;

/// <summary>One end of a line that this process carries packet by packet: a TUN device, which may be moved into a network namespace.</summary>
internal sealed partial class TunnelEnd : IDisposable
{
    private const nuint SetInterface = 0x400454ca; // TUNSETIFF
    private const short TunnelWithoutHeader = 0x1001; // IFF_TUN | IFF_NO_PI
    private readonly FileStream _packets;

    private TunnelEnd(SafeFileHandle handle) => _packets = new(handle, FileAccess.ReadWrite, bufferSize: 0);

    /// <summary>Makes the device; null: that is not allowed here.</summary>
    public static unsafe TunnelEnd? TryMake(string name)
    {
        try
        {
            var handle = File.OpenHandle("/dev/net/tun", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            var request = stackalloc byte[40];
            new Span<byte>(request, 40).Clear();
            Encoding.ASCII.GetBytes(name, new Span<byte>(request, 15));
            *(short*)(request + 16) = TunnelWithoutHeader;
            if (Control(handle, SetInterface, request) == 0)
                return new(handle);
            handle.Dispose();
            return null;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>One packet; waits for it.</summary>
    public int Read(byte[] buffer) => _packets.Read(buffer);

    public void Write(ReadOnlySpan<byte> packet) => _packets.Write(packet);

    public void Dispose() => _packets.Dispose();

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static unsafe partial int Control(SafeFileHandle file, nuint request, byte* argument);
}
