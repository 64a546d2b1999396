using System.Buffers;
using System.IO.Pipelines;
using Hybrid.Edge.Mqtt.Packets;

namespace Hybrid.Edge.Mqtt.Wire;

/// <summary>A link over a stream of bytes.</summary>
/// <remarks>What is written goes to a pipe, and one loop takes all that is there to the broker at once: many small packets are one write.</remarks>
internal sealed class StreamLink : Link
{
    private const int High = 1 << 20; // bytes: more messages wait
    private const int Low = 1 << 18; // bytes: more messages are asked for
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(1);

    private readonly Stream _stream;
    private readonly MqttClientOptions _options;
    private readonly LinkClock _clock;
    private readonly PipeReader _input;
    private readonly WriterScheduler _scheduler = new();
    private readonly Pipe _output;
    private readonly Lock _writing = new();
    private readonly CancellationTokenSource _cut = new();
    private readonly TaskCompletionSource<(MqttFailure Failure, bool Tell)> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private SentTopics _aliases = new(0);
    private int _pending;
    private int _wasFull;
    private bool _closed;
    private bool _held;

    public StreamLink(Stream stream, MqttClientOptions options)
    {
        (_stream, _options) = (stream, options);
        _output = new(new PipeOptions(readerScheduler: _scheduler, pauseWriterThreshold: 0, minimumSegmentSize: 16 << 10, useSynchronizationContext: false));
        _input = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 32 << 10, leaveOpen: true));
        _clock = new(this, options);
        Topics = new(options.TopicAliasMaximum);
    }

    /// <summary>The topics of what is received.</summary>
    public ReceivedTopics Topics { get; }

    /// <inheritdoc />
    public override bool IsFull
    {
        get
        {
            if (Volatile.Read(ref _pending) < High) return false;
            Interlocked.Exchange(ref _wasFull, 1);
            return Volatile.Read(ref _pending) >= High;
        }
    }

    /// <summary>Opens the stream that the options name, and says who is there.</summary>
    public static async Task<(Link Link, Greeting Answer)> OpenAsync(ConnectPacket hello, CancellationToken cancellationToken)
    {
        var link = new StreamLink(await BrokerStream.OpenAsync(hello.Options, cancellationToken), hello.Options);
        try
        {
            return (link, await link.GreetAsync(hello, cancellationToken));
        }
        catch
        {
            await link.DisposeAsync();
            throw;
        }
    }

    /// <summary>Says who is there, and reads the broker's answer.</summary>
    public async Task<Greeting> GreetAsync(ConnectPacket hello, CancellationToken cancellationToken)
    {
        var bytes = new ArrayBufferWriter<byte>();
        hello.WriteTo(bytes);
        await _stream.WriteAsync(bytes.WrittenMemory, cancellationToken);
        await _stream.FlushAsync(cancellationToken);
        while (true)
        {
            var read = await _input.ReadAsync(cancellationToken);
            var rest = read.Buffer;
            if (PacketFrame.TryTake(ref rest, _options.MaximumPacketSize, out var header, out var body))
            {
                if (header != (int)PacketType.ConnAck << 4) throw PacketException.Protocol("another packet where a CONNACK must come");
                var answer = ConnAckPacket.Read(body.ToArray(), _options.Version);
                _input.AdvanceTo(rest.Start);
                Limits = BrokerLimits.Of(answer.Properties, _options);
                _aliases = new(Limits.Aliases);
                return new(answer.SessionPresent, answer.Reason, answer.Properties.Reason, answer.Properties.ClientId);
            }

            _input.AdvanceTo(rest.Start, rest.End);
            if (read.IsCompleted) throw new EndOfStreamException("the broker closed the connection without an answer" + (_options.Version == MqttVersion.V5 ? "; if it speaks MQTT 3.1.1 only, set Version" : ""));
        }
    }

    /// <inheritdoc />
    public override async Task SayGoodbyeAsync(CancellationToken cancellationToken)
    {
        var bytes = new ArrayBufferWriter<byte>();
        new DisconnectPacket(Limits.Version, MqttReasonCode.Success).WriteTo(bytes);
        await _stream.WriteAsync(bytes.WrittenMemory, cancellationToken);
        await _stream.FlushAsync(cancellationToken);
        await DrainAsync(); // until the broker has closed its side
    }

    /// <inheritdoc />
    public override bool Write<T>(T packet)
    {
        lock (_writing) return !_closed && Append(packet, now: true);
    }

    /// <inheritdoc />
    public override bool Publish(MqttMessage message, ushort id, bool again, uint? expiry)
    {
        lock (_writing)
        {
            if (_closed) return false;
            var alias = _aliases.Of(message.Topic, out var known);
            return Append(new PublishPacket(message, Limits.Version, id, again, expiry, alias, named: !known), now: message.Qos > MqttQos.AtMostOnce);
        }
    }

    /// <inheritdoc />
    public override void End(MqttFailure failure, bool tell) => _ended.TrySetResult((failure, tell));

    /// <inheritdoc />
    public override async Task<MqttFailure> RunAsync(IPacketHandler handler, bool forget)
    {
        var writing = Task.Run(() => GuardAsync(WriteAsync(handler)));
        var reading = Task.Run(() => GuardAsync(ReadAsync(handler)));
        var watching = GuardAsync(_clock.WatchAsync(_cut.Token));
        var (failure, tell) = await _ended.Task;
        lock (_writing)
        {
            if (tell) Append(new DisconnectPacket(Limits.Version, failure.Reason, forget && failure.Reason == MqttReasonCode.Success), now: false);
            _closed = true;
            _output.Writer.Complete();
        }

        // A broker that was told closes its side: only then is it sure that it has read all.
        if (tell) await Task.WhenAny(Task.WhenAll(writing, reading), Task.Delay(Linger, _options.TimeProvider, _cut.Token));
        await _cut.CancelAsync();
        await _stream.DisposeAsync();
        await Task.WhenAll(writing, reading, watching);
        return failure;
    }

    public override async ValueTask DisposeAsync()
    {
        await _cut.CancelAsync();
        await _stream.DisposeAsync();
        await _input.CompleteAsync();
        _cut.Dispose();
    }

    private bool Append<T>(T packet, bool now) where T : IPacket
    {
        Interlocked.Add(ref _pending, packet.Size);
        packet.WriteTo(_output.Writer);
        return _held || Flush(now);
    }

    // It never waits: the pipe has no bound of its own.
    private bool Flush(bool now)
    {
        _scheduler.Now = now;
        var flushed = _output.Writer.FlushAsync(CancellationToken.None);
        return flushed.IsCompleted;
    }

    // While packets are read that are there already, their answers wait for each other and go as one write.
    private void Hold()
    {
        lock (_writing) _held = true;
    }

    private void LetGo()
    {
        lock (_writing)
        {
            _held = false;
            if (!_closed) Flush(now: true);
        }
    }

    private async Task WriteAsync(IPacketHandler handler)
    {
        while (true)
        {
            var read = await _output.Reader.ReadAsync(_cut.Token);
            foreach (var piece in read.Buffer) await _stream.WriteAsync(piece, _cut.Token);
            await _stream.FlushAsync(_cut.Token);
            var left = Interlocked.Add(ref _pending, -(int)read.Buffer.Length);
            _output.Reader.AdvanceTo(read.Buffer.End);
            _clock.Sent();
            if (read.IsCompleted) break;
            if (left < Low && Interlocked.Exchange(ref _wasFull, 0) == 1)
                ThreadPool.UnsafeQueueUserWorkItem(static told => told.Drained(), handler, preferLocal: false); // who publishes may be in here, with locks of its own
        }

        await _output.Reader.CompleteAsync();
    }

    private async Task ReadAsync(IPacketHandler handler)
    {
        while (true)
        {
            var read = await _input.ReadAsync(_cut.Token);
            _clock.Received();
            var rest = read.Buffer;
            Hold();
            try
            {
                while (!_ended.Task.IsCompleted && PacketFrame.TryTake(ref rest, _options.MaximumPacketSize, out var header, out var body))
                {
                    handler.Handle(this, (PacketType)(header >> 4), header & 15, body);
                    var room = handler.WaitForRoomAsync(_cut.Token);
                    if (room.IsCompletedSuccessfully) continue;
                    LetGo();
                    _clock.Pause();
                    await room;
                    _clock.Resume();
                    Hold();
                }
            }
            finally
            {
                LetGo();
            }

            _input.AdvanceTo(_ended.Task.IsCompleted ? read.Buffer.End : rest.Start, read.Buffer.End);
            if (read.IsCompleted) throw new EndOfStreamException("the broker closed the connection");
        }
    }

    private async Task GuardAsync(Task loop)
    {
        try
        {
            await loop;
        }
        catch (PacketException broken)
        {
            End(MqttFailure.Broken(broken), tell: true);

            // What it still sends is read and thrown away, so that it can read why.
            await DrainAsync();
        }
        catch (MqttFault fault)
        {
            End(fault.Failure, tell: true);
        }
        catch (Exception lost)
        {
            End(MqttFailure.Lost(lost is EndOfStreamException ? lost.Message : $"the line to the broker was lost: {lost.Message.TrimEnd('.')}", lost), tell: false);
        }
    }

    private async Task DrainAsync()
    {
        var bytes = ArrayPool<byte>.Shared.Rent(4096);
        try
        {
            while (await _stream.ReadAsync(bytes, _cut.Token) > 0)
            {
                // Thrown away.
            }
        }
        catch (Exception lost) when (_cut.IsCancellationRequested || lost is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // It is gone.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }
}
