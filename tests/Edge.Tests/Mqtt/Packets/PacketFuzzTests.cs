using System.Buffers;
using System.Globalization;
using Hybrid.Edge.Mqtt;
using Hybrid.Edge.Mqtt.Packets;
using Hybrid.Edge.Mqtt.Wire;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.Edge.Tests.Mqtt.Packets;

/// <summary>Mutated packets into a session, through the same code that a connection has.</summary>
public sealed class PacketFuzzTests
{
    private const int Maximum = 4096; // bytes of a packet

    private static readonly string[] Seeds =
    [
        "2034010031110000003c2100142401250027000003e8120005676976656e22000a1f0002686926000178000179280029002a0013001e",
        "3d350003612f62123428230003020000000903000174080003722f740900030908072600016b000276312600016b0002763268656c6c6f",
        "320f0003612f62000100" + "68656c6c6f2121",
        "30090003612f62006869" + "21",
        "300f0003612f6205" + "0b01" + "23000168690000",
        "40020001", "4003000110", "400b0001100726000161000162", "50020002", "5003000292", "70020002", "62020003", "6203000392",
        "90090007051f00026e6f87", "9004fc000000", "b004fc000000", "d000",
        "e0179d151f00056d6f7665641c000a6f746865723a31383833", "e000", "f0020000",
    ];

    [Theory]
    [InlineData(MqttVersion.V5, 1)]
    [InlineData(MqttVersion.V311, 2)]
    public async Task A_mutated_packet_is_taken_or_refused_and_nothing_else(MqttVersion version, int seed)
    {
        var random = new Random(seed);
        var count = Environment.GetEnvironmentVariable("HYBRID_LONG_TESTS") == "1" ? 1_000_000 : 50_000;
        var (taken, refused, largest) = (0, 0, 0L);
        for (var done = 0; done < count;)
        {
            var options = new MqttClientOptions { Broker = new("mqtt://localhost"), Version = version, MaximumPacketSize = Maximum };
            using var session = new MqttSession(options, NullLogger.Instance);
            session.Inbound.Subscriptions.Add(new("a/b"), (_, _) => ValueTask.CompletedTask);
            await using var link = new StreamLink(new ScriptedStream(Convert.FromHexString(version == MqttVersion.V5 ? "2003000000" : "20020000")), options);
            await link.GreetAsync(new(options, "c", Clean: true, null), CancellationToken.None);
            _ = session.Attach(link, sessionPresent: false);

            // A session that refused something is at its end, as in life.
            for (var alive = true; alive && done < count; done++)
            {
                var packet = Mutate(random);
                var before = GC.GetAllocatedBytesForCurrentThread();
                try
                {
                    Feed(session, link, packet);
                    taken++;
                }
                catch (PacketException)
                {
                    refused++;
                    alive = false;
                }
                catch (Exception other)
                {
                    Assert.Fail(string.Create(CultureInfo.InvariantCulture, $"Seed {seed}, packet {done} ({Convert.ToHexString(packet)}): {other}"));
                }

                largest = Math.Max(largest, GC.GetAllocatedBytesForCurrentThread() - before);
            }
        }

        Assert.True(taken > count / 20 && refused > count / 20, $"{taken} were taken and {refused} refused: the mutations are too mild or too wild.");
        Assert.True(largest < 32 * Maximum, $"One packet of at most {Maximum} bytes took {largest} bytes of memory.");
    }

    private static void Feed(MqttSession session, StreamLink link, byte[] bytes)
    {
        var sequence = new ReadOnlySequence<byte>(bytes);
        while (PacketFrame.TryTake(ref sequence, Maximum, out var header, out var body))
            session.Handle(link, (PacketType)(header >> 4), header & 15, body);
    }

    private static byte[] Mutate(Random random)
    {
        var bytes = Convert.FromHexString(Seeds[random.Next(Seeds.Length)]).ToList();
        for (var changes = random.Next(1, 5); changes > 0; changes--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(6))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = (byte)random.Next(256); break;
                case 2: bytes.Insert(at, (byte)random.Next(256)); break;
                case 3 when bytes.Count > 2: bytes.RemoveAt(at); break;
                case 4: bytes.AddRange(Convert.FromHexString(Seeds[random.Next(Seeds.Length)])); break;
                default: bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 40), bytes.Count - at))); break;
            }
        }

        // Mostly the length is put right, so that what is behind it is read, too.
        if (bytes.Count is > 2 and < 130 && random.Next(4) > 0) bytes[1] = (byte)(bytes.Count - 2);
        return [.. bytes];
    }
}
