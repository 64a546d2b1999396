using Google.Protobuf;
using Hybrid.Protocol;

namespace Hybrid.CloudWorker.Tests.Protocol;

public class GrpcFramingTests
{
    private static readonly GenerateUpdate[] Messages =
    [
        new() { Text = "", TokenCount = 0 },
        new() { Text = "grüße 🚢", TokenCount = 3 },
        new() { Text = new string('x', 300), TokenCount = 40, Completion = new() { FinishReason = "stop", OutputTokens = 43 } },
    ];

    private static readonly byte[] Wire = [.. Messages.SelectMany(message => GrpcFraming.ToArray(message))];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(int.MaxValue)]
    public async Task Messages_come_whole_however_the_bytes_are_sliced(int most)
    {
        var reader = new GrpcMessageReader(new DribbleStream(Wire, most));
        foreach (var message in Messages)
            Assert.Equal(message, await reader.ReadAsync(GenerateUpdate.Parser));
        Assert.Null(await reader.ReadAsync(GenerateUpdate.Parser));
    }

    [Fact]
    public async Task A_cut_at_any_byte_gives_a_prefix_and_is_told_from_an_end_between_messages()
    {
        var ends = new HashSet<int> { 0 };
        foreach (var message in Messages)
            ends.Add(ends.Max() + GrpcFraming.PrefixLength + message.CalculateSize());
        for (var length = 0; length <= Wire.Length; length++)
        {
            var (whole, fault) = await ReadAllAsync(Wire[..length]);
            Assert.Equal(Messages.Take(whole.Count), whole);
            Assert.Equal(ends.Contains(length), fault is null);
            if (fault is not null)
                Assert.Equal(GrpcStatus.Unavailable, fault.Status);
        }
    }

    [Theory]
    [InlineData(new byte[] { 1, 0, 0, 0, 0 }, (int)GrpcStatus.Unimplemented)]
    [InlineData(new byte[] { 2, 0, 0, 0, 0 }, (int)GrpcStatus.Internal)]
    [InlineData(new byte[] { 0, 255, 255, 255, 255 }, (int)GrpcStatus.ResourceExhausted)]
    [InlineData(new byte[] { 0, 0, 64, 0, 1 }, (int)GrpcStatus.ResourceExhausted)]
    [InlineData(new byte[] { 0, 0, 0, 0, 2, 10, 9 }, (int)GrpcStatus.Internal)]
    public async Task What_is_compressed_oversize_or_no_message_is_refused_by_name(byte[] wire, int status)
    {
        var (_, fault) = await ReadAllAsync(wire);
        Assert.Equal((GrpcStatus)status, fault?.Status);
    }

    [Fact]
    public async Task The_limit_itself_still_passes()
    {
        var message = new GenerateUpdate { Text = new string('y', 100) };
        var size = message.CalculateSize();
        Assert.Equal(message, await new GrpcMessageReader(new MemoryStream(GrpcFraming.ToArray(message)), size).ReadAsync(GenerateUpdate.Parser));
        await Assert.ThrowsAsync<GrpcException>(async () =>
            await new GrpcMessageReader(new MemoryStream(GrpcFraming.ToArray(message)), size - 1).ReadAsync(GenerateUpdate.Parser));
    }

    [Fact]
    public async Task Garbage_ends_in_messages_or_a_typed_fault_and_never_in_another_exception()
    {
        var random = new Random(20261120);
        for (var round = 0; round < 5_000; round++)
        {
            var wire = new byte[random.Next(0, 64)];
            random.NextBytes(wire);
            if (round % 2 == 0 && wire.Length >= 5)
                (wire[0], wire[1], wire[2], wire[3], wire[4]) = (0, 0, 0, 0, (byte)(wire.Length - 5));
            await ReadAllAsync(wire);
        }
    }

    private static async Task<(List<GenerateUpdate> Messages, GrpcException? Fault)> ReadAllAsync(byte[] wire)
    {
        var reader = new GrpcMessageReader(new DribbleStream(wire, 3));
        var messages = new List<GenerateUpdate>();
        try
        {
            while (await reader.ReadAsync(GenerateUpdate.Parser) is { } message)
                messages.Add(message);
            return (messages, null);
        }
        catch (GrpcException fault)
        {
            return (messages, fault);
        }
    }
}
