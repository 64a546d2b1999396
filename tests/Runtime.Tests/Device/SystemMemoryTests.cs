using Hybrid.Device;

namespace Hybrid.Tests.Device;

public sealed class SystemMemoryTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("hybrid-memory").FullName;
    private readonly ManualTimeProvider _time = new();

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Hardly_any_memory_left_is_pressure_and_is_seen_within_seconds()
    {
        Write("proc/meminfo", "MemTotal:       1000000 kB\nMemFree:          10000 kB\nMemAvailable:    500000 kB\n");
        var memory = new SystemMemory(_time, _root);
        Assert.Equal((false, 500_000L << 10), (memory.IsHigh, memory.AvailableBytes));
        Write("proc/meminfo", "MemTotal:       1000000 kB\nMemAvailable:     39000 kB\n");
        Assert.False(memory.IsHigh);
        _time.Advance(SystemMemory.Every);
        Assert.True(memory.IsHigh);
    }

    [Theory]
    [InlineData("some avg10=90.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=9.99 avg60=0.00 avg300=0.00 total=0\n", false)]
    [InlineData("some avg10=90.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=10.00 avg60=0.00 avg300=0.00 total=0\n", true)]
    [InlineData("nonsense", false)]
    [InlineData("full avg10=", false)]
    public void Programs_that_wait_for_memory_are_pressure(string pressure, bool isHigh)
    {
        Write("proc/meminfo", "MemTotal: 1000000 kB\nMemAvailable: 500000 kB\n");
        Write("proc/pressure/memory", pressure);
        Assert.Equal(isHigh, new SystemMemory(_time, _root).IsHigh);
    }

    [Fact]
    public void A_containers_own_limit_counts()
    {
        Write("proc/meminfo", "MemTotal: 1000000 kB\nMemAvailable: 500000 kB\n");
        Write("sys/fs/cgroup/memory.max", "100000000\n");
        Write("sys/fs/cgroup/memory.current", "99000000\n");
        Assert.True(new SystemMemory(_time, _root).IsHigh);
        Write("sys/fs/cgroup/memory.stat", "anon 1\ninactive_file 20000000\n");
        var memory = new SystemMemory(_time, _root);
        Assert.Equal((false, 21_000_000L), (memory.IsHigh, memory.AvailableBytes));
        Write("sys/fs/cgroup/memory.max", "max\n");
        Assert.Equal(500_000L << 10, new SystemMemory(_time, _root).AvailableBytes);
    }

    [Fact]
    public void Where_the_system_says_nothing_there_is_no_pressure()
    {
        var memory = new SystemMemory(_time, _root);
        Assert.Equal((false, null), (memory.IsHigh, memory.AvailableBytes));
    }

    private void Write(string path, string text)
    {
        var full = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }
}
