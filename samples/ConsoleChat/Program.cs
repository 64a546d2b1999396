using ConsoleChat;
using Hybrid;
using Hybrid.CloudConnector;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

if (ChatArguments.Parse(args) is not { } arguments)
{
    await Console.Error.WriteLineAsync(ChatArguments.Usage);
    return 2;
}

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stop.Cancel();
};

try
{
    var configuration = Settings.Load(arguments.Policy);
    await using var worker = await DemoWorker.StartAsync(configuration, stop.Token);
    await using var services = new ServiceCollection().AddLogging().AddHybrid(configuration).AddCloudConnector().BuildServiceProvider();
    var chat = new Chat(services.GetRequiredService<IChatClient>(), configuration);
    if (arguments.Prompt is { } prompt)
        await chat.AskAsync(prompt, stop.Token);
    else
        await chat.LoopAsync(stop.Token);
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
