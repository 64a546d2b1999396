using System.Diagnostics;
using Hybrid.Edge.Mqtt;

namespace Hybrid.Benchmarks.Bus;

/// <summary><c>mosquitto_pub -l</c> and <c>mosquitto_sub</c>, a process each.</summary>
internal sealed class MosquittoTools(Uri broker) : IBusClient
{
    private const string Topic = "throughput/tools";

    public string Name => "mosquitto_pub, _sub";

    public async Task<TimeSpan> RunAsync(int qos, int count)
    {
        string[] common = ["-V", "311", "-h", "127.0.0.1", "-p", $"{broker.Port}", "-q", $"{qos}", "-t", Topic];
        using var subscriber = Start("mosquitto_sub", [.. common, "-C", $"{count + 1}", "-N"]);
        _ = subscriber.StandardOutput.ReadToEndAsync();
        await SubscribedAsync();
        var line = new string('x', BusCommand.Payload);
        using var publisher = Start("mosquitto_pub", [.. common, "-l"]);
        _ = publisher.StandardOutput.ReadToEndAsync();
        var begun = Stopwatch.GetTimestamp();
        for (var i = 0; i < count; i++) await publisher.StandardInput.WriteLineAsync(line);
        publisher.StandardInput.Close();
        await subscriber.WaitForExitAsync();
        var took = Stopwatch.GetElapsedTime(begun);
        await publisher.WaitForExitAsync();
        if ((subscriber.ExitCode | publisher.ExitCode) != 0) throw new NotSupportedException("mosquitto's tools failed; see their messages above.");
        return took;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static Process Start(string program, string[] arguments) => Process.Start(new ProcessStartInfo(program, arguments)
    {
        UseShellExecute = false,
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
    })!;

    // It does not say when it is there; the broker does, of the first message that finds it.
    private async Task SubscribedAsync()
    {
        await using var probe = new MqttClient(new() { Broker = broker });
        await probe.StartAsync();
        while ((await probe.PublishAsync(new() { Topic = Topic, Qos = MqttQos.AtLeastOnce })).Reason != MqttReasonCode.Success) await Task.Yield();
    }
}
