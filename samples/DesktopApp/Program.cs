using System.Runtime.InteropServices;
using ConsoleChat;
using DesktopApp;
using Hybrid;
using Hybrid.CloudConnector;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

if (args is not ([] or ["--no-browser"]))
{
    await Console.Error.WriteLineAsync("Usage: dotnet run --project samples/DesktopApp [-- --no-browser]");
    return 2;
}

using var stop = new CancellationTokenSource();
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

try
{
    var configuration = Settings.Load(policy: null);
    await using var worker = await DemoWorker.StartAsync(configuration, stop.Token);
    await using var services = new ServiceCollection().AddLogging().AddHybrid(configuration).AddCloudConnector().BuildServiceProvider();
    await using var window = await Window.OpenAsync(services.GetRequiredService<IChatClient>(), configuration, stop.Token);
    await Console.Out.WriteLineAsync($"Open {window.Address} - Ctrl+C ends it.");
    using var opened = args.Length == 0 ? Browser.Open(window.Address) : null;
    await Task.Delay(Timeout.Infinite, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    return 0;
}
catch (HybridException exception)
{
    await Console.Error.WriteLineAsync(exception.Message);
    return exception.Error is HybridError.Configuration or HybridError.InvalidRequest ? 2 : 1;
}
catch (OperationCanceledException)
{
    return 130;
}

void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}
