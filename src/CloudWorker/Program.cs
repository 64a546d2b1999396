using Hybrid.CloudWorker;

var command = WorkerCommand.Create(Worker.RunAsync);
var parsed = command.Parse(args);
if (parsed.Errors.Count == 0)
    return await parsed.InvokeAsync();
foreach (var error in parsed.Errors)
    await Console.Error.WriteLineAsync($"hybrid-worker: {error.Message}");
await Console.Error.WriteLineAsync("hybrid-worker: see hybrid-worker --help");
return Worker.BadUsage;
