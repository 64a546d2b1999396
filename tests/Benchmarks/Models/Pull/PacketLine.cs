using System.Diagnostics;

namespace Hybrid.Benchmarks.Models.Pull;

/// <summary>Carries packets one way as netem does: so many bits a second, so much later, and some not at all.</summary>
internal sealed class PacketLine
{
    private const double BitsPerSecond = 20e6;
    private const int LongestQueue = 1000;
    private static readonly double Later = TimeSpan.FromMilliseconds(50).TotalSeconds;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);
    private readonly Queue<(double Due, byte[] Packet)> _queue = new();
    private double _free;

    /// <summary>Carries until an end is closed.</summary>
    /// <param name="loss">The share of packets that is lost, 0 to 1.</param>
    public static void Start(TunnelEnd from, TunnelEnd to, double loss, int seed, CancellationToken cancellationToken)
    {
        var line = new PacketLine();
        new Thread(() => line.Take(from, loss, new Random(seed))) { IsBackground = true }.Start();
        _ = line.DeliverAsync(to, cancellationToken);
    }

    private static double Now => Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;

    private void Take(TunnelEnd from, double loss, Random random)
    {
        var buffer = new byte[65536];
        try
        {
            while (from.Read(buffer) is > 0 and var count)
            {
                lock (_queue)
                {
                    if (random.NextDouble() < loss || _queue.Count >= LongestQueue)
                        continue;
                    _free = Math.Max(_free, Now) + (count * 8 / BitsPerSecond);
                    _queue.Enqueue((_free + Later, buffer[..count]));
                }
            }
        }
        catch (Exception closed) when (closed is IOException or ObjectDisposedException)
        {
            // The table is made.
        }
    }

    private async Task DeliverAsync(TunnelEnd to, CancellationToken cancellationToken)
    {
        try
        {
            using var tick = new PeriodicTimer(Tick);
            while (await tick.WaitForNextTickAsync(cancellationToken))
            {
                while (Due() is { } packet)
                    to.Write(packet);
            }
        }
        catch (Exception closed) when (closed is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The table is made.
        }
    }

    private byte[]? Due()
    {
        lock (_queue)
            return _queue.TryPeek(out var next) && next.Due <= Now ? _queue.Dequeue().Packet : null;
    }
}
