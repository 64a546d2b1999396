using Hybrid.Accounting;

namespace Hybrid.Tests.Accounting.Carbon;

/// <summary>GPUs' own counters, read from a stand-in for NVIDIA's library.</summary>
public class NvmlTests
{
    private const ulong BeyondInt = 3_000_000_000_000; // a busy GPU passes 2^32 mJ in hours

    [Fact]
    public void Gpus_are_added_up_from_the_moment_of_opening()
    {
        var (one, other) = (new NvmlStandIn.Gpu(BeyondInt), new NvmlStandIn.Gpu(7));
        using var counter = NvmlCounter.Open(NvmlStandIn.With(one, other), out _)!;
        Assert.Equal("NVML", counter.Name);
        Assert.True(counter.TryRead(out var joules));
        Assert.Equal(0, joules);
        (one.Millijoules, other.Millijoules) = (BeyondInt + 1_500, 2_007);
        Assert.True(counter.TryRead(out joules));
        Assert.Equal(3.5, joules, 9);
    }

    [Fact]
    public void A_gpu_without_a_counter_is_left_out_and_the_name_says_so()
    {
        var old = new NvmlStandIn.Gpu(0) { Status = NvmlStandIn.NotSupported };
        var volta = new NvmlStandIn.Gpu(100);
        var hidden = new NvmlStandIn.Gpu(0) { HandleStatus = NvmlStandIn.GpuIsLost };
        using var counter = NvmlCounter.Open(NvmlStandIn.With(old, volta, hidden), out _)!;
        Assert.Equal("NVML for 1 of 3 GPUs", counter.Name);
        volta.Millijoules += 250;
        Assert.True(counter.TryRead(out var joules));
        Assert.Equal(0.25, joules, 9);
    }

    [Fact]
    public void Without_a_gpu_that_tells_there_is_none_and_the_library_is_let_go()
    {
        Refuses("NVML reads no energy of GPU 0 (status 3)", NvmlStandIn.With(new NvmlStandIn.Gpu(0) { Status = NvmlStandIn.NotSupported }));
        Refuses("NVML finds no GPU", NvmlStandIn.With());
        var nvml = NvmlStandIn.With(new NvmlStandIn.Gpu(0));
        NvmlStandIn.CountStatus = NvmlStandIn.Unknown;
        Refuses("NVML cannot count the GPUs (status 999)", nvml);
        NvmlStandIn.InitStatus = NvmlStandIn.DriverNotLoaded;
        Refuses("NVML does not start (status 9)", nvml);

        static void Refuses(string why, NvmlFunctions nvml)
        {
            Assert.Null(NvmlCounter.Open(nvml, out var problem));
            Assert.Equal(why, problem);
            Assert.Equal(0, NvmlStandIn.Users);
        }
    }

    [Fact]
    public void A_counter_that_begins_again_costs_one_reading_and_nothing_falls()
    {
        var gpu = new NvmlStandIn.Gpu(10_000);
        using var counter = NvmlCounter.Open(NvmlStandIn.With(gpu), out _)!;
        gpu.Millijoules = 12_000;
        Assert.True(counter.TryRead(out var joules));
        gpu.Millijoules = 400; // the driver was loaded again
        Assert.False(counter.TryRead(out joules));
        Assert.Equal(2, joules, 9);
        gpu.Millijoules = 1_400;
        Assert.True(counter.TryRead(out joules));
        Assert.Equal(3, joules, 9);
    }

    [Fact]
    public void A_gpu_that_is_lost_for_a_while_does_not_hide_the_other()
    {
        var (lost, other) = (new NvmlStandIn.Gpu(0), new NvmlStandIn.Gpu(0));
        using var counter = NvmlCounter.Open(NvmlStandIn.With(lost, other), out _)!;
        (lost.Status, other.Millijoules) = (NvmlStandIn.GpuIsLost, 1_000);
        Assert.False(counter.TryRead(out var joules));
        Assert.Equal(1, joules, 9);
        (lost.Status, lost.Millijoules) = (0, 500);
        Assert.True(counter.TryRead(out joules));
        Assert.Equal(1.5, joules, 9);
    }

    [Fact]
    public void Who_is_disposed_lets_the_library_go_once_and_tells_nothing_more()
    {
        var gpu = new NvmlStandIn.Gpu(0);
        var nvml = NvmlStandIn.With(gpu);
        var (counter, second) = (NvmlCounter.Open(nvml, out _)!, NvmlCounter.Open(nvml, out _)!);
        counter.Dispose();
        counter.Dispose();
        Assert.Equal(1, NvmlStandIn.Users);
        Assert.False(counter.TryRead(out _));
        Assert.True(second.TryRead(out _));
        second.Dispose();
        Assert.Equal(0, NvmlStandIn.Users);
    }

    [Theory]
    [InlineData("nvmlInit_v2")]
    [InlineData("nvmlShutdown")]
    [InlineData("nvmlDeviceGetCount_v2")]
    [InlineData("nvmlDeviceGetHandleByIndex_v2")]
    [InlineData("nvmlDeviceGetTotalEnergyConsumption")]
    public void A_library_that_lacks_a_function_is_not_used(string missing)
    {
        Assert.Null(NvmlFunctions.Find(name => name == missing ? 0 : NvmlStandIn.AddressOf(name), out var problem));
        Assert.Equal($"NVML has no {missing}; a newer driver has", problem);
    }

    [Fact]
    public void A_library_that_is_not_there_is_no_fault()
    {
        Assert.Null(NvmlFunctions.Load("no-such-library.so.1", out var problem));
        Assert.Equal("there is no no-such-library.so.1", problem);
    }

    [Fact]
    public void This_machine_has_a_counter_or_says_why_not()
    {
        using var counter = NvmlCounter.Open(out var problem);
        Assert.True(counter is not null || problem.Length > 0);
    }
}
