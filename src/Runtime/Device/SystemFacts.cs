using Hybrid.Models.Prefetch;
using Hybrid.Network;

namespace Hybrid.Device;

/// <summary>What the kernel shows of this device; read again when it is asked and <see cref="Every"/> has passed.</summary>
internal sealed class SystemFacts : IDeviceFacts
{
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(5);
    private readonly Lock _reading = new();
    private readonly TimeProvider _time;
    private readonly IBattery _battery;
    private readonly SystemHeat _heat;
    private readonly SystemMemory _memory;
    private readonly SystemLink _link;
    private Reading? _last;

    /// <param name="time">The clock between two readings.</param>
    /// <param name="battery">Null: the system's.</param>
    /// <param name="cost">Whether the line is paid by the byte, where that is configured.</param>
    /// <param name="network">Null: the system's.</param>
    /// <param name="root">Where <c>proc</c> and <c>sys</c> are, usually <c>/</c>.</param>
    public SystemFacts(TimeProvider time, IBattery? battery = null, LinkCost cost = LinkCost.Auto, INetworkMonitor? network = null, string root = "/")
    {
        var sys = Path.Combine(root, "sys");
        (_time, _battery, _heat, _memory) = (time, battery ?? new SystemBattery(sys, time), new(sys), new(time, root));
        _link = new(cost, network ?? SystemNetworkMonitor.Instance, root);
    }

    public DeviceFacts Now
    {
        get
        {
            var last = Volatile.Read(ref _last);
            if (last is not null && _time.GetElapsedTime(last.At) < Every) return last.Facts;
            // One reads, and the others go on with what was known.
            if (!_reading.TryEnter())
            {
                if (last is not null) return last.Facts;
                _reading.Enter();
            }

            try
            {
                Volatile.Write(ref _last, last = new(Read(), _time.GetTimestamp()));
                return last.Facts;
            }
            finally
            {
                _reading.Exit();
            }
        }
    }

    private DeviceFacts Read()
    {
        var (celsius, throttled) = _heat.Read();
        return new()
        {
            BatteryLeft = _battery.Left,
            Celsius = celsius,
            IsThrottled = throttled,
            IsMemoryShort = _memory.IsHigh,
            AvailableBytes = _memory.AvailableBytes,
            Link = _link.Kind,
            IsMetered = _link.IsMetered,
        };
    }

    private sealed record Reading(DeviceFacts Facts, long At);
}
