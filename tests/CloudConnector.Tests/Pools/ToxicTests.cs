using Hybrid.CloudConnector.Pools;
using Hybrid.CloudWorker.Tests;

namespace Hybrid.CloudConnector.Tests.Pools;

public class ToxicTests
{
    private const string Whole = "Hello wörld";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_connection_cut_after_any_byte_is_a_typed_fault_after_a_prefix_or_the_whole_answer(bool reset)
    {
        await using var worker = await InProcessWorker.StartAsync();
        await using var proxy = new ToxicProxy(worker.Server.Grpc) { Reset = reset };
        var faults = 0;
        for (var bytes = 0; bytes < 4096; bytes++)
        {
            proxy.CutAfter = bytes;
            await using var target = new WorkerTarget(Asking.Options(proxy.Endpoint));
            var answer = await Asking.AskAsync(target);
            if (answer.Fault is null)
            {
                Assert.Equal((Whole, ScriptedTarget.Completion), (answer.Text, answer.Completion));
                Assert.True(faults > 100, $"only {faults} cuts were tried");
                return;
            }

            faults++;
            Assert.Equal(HybridError.TargetUnavailable, answer.Fault.Error);
            Assert.StartsWith(answer.Text, Whole, StringComparison.Ordinal);
        }

        Assert.Fail("the answer never became whole");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public async Task An_answer_in_slices_is_the_same_answer(int slice)
    {
        await using var worker = await InProcessWorker.StartAsync();
        await using var proxy = new ToxicProxy(worker.Server.Grpc) { Slice = slice };
        await using var target = new WorkerTarget(Asking.Options(proxy.Endpoint));
        var answer = await Asking.AskAsync(target);
        Assert.Equal((Whole, ScriptedTarget.Completion), (answer.Text, answer.Completion));
    }
}
