using System.IO.Compression;
using System.Text;
using Hybrid.Edge.Fleet;
using Hybrid.Edge.Mqtt;

namespace Hybrid.Cli.Fleet;

/// <summary>Takes a batch of telemetry apart.</summary>
internal static class TelemetryLines
{
    private const int Most = 16 << 20;

    /// <exception cref="InvalidDataException">It is not what a device sends.</exception>
    public static string[] Of(MqttMessage message)
    {
        var bytes = message.ContentType == FleetTelemetry.Compressed ? Unpack(message.Payload.ToArray()) : message.Payload.ToArray();
        return Encoding.UTF8.GetString(bytes).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static byte[] Unpack(byte[] packed)
    {
        using var unpacked = new MemoryStream();
        using var brotli = new BrotliStream(new MemoryStream(packed), CompressionMode.Decompress);
        var part = new byte[16 << 10];
        while (brotli.Read(part) is > 0 and var read)
        {
            if (unpacked.Length + read > Most) throw new InvalidDataException("It is larger than any batch.");
            unpacked.Write(part, 0, read);
        }

        return unpacked.ToArray();
    }
}
