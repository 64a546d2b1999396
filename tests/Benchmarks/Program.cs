using BenchmarkDotNet.Running;
using Hybrid.Benchmarks;
using Hybrid.Benchmarks.Bus;
using Hybrid.Benchmarks.Connector;
using Hybrid.Benchmarks.Engine;
using Hybrid.Benchmarks.Fleet;
using Hybrid.Benchmarks.Gateway;
using Hybrid.Benchmarks.Models;
using Hybrid.Benchmarks.Start;
using Hybrid.Benchmarks.Stream;
using Hybrid.Benchmarks.Trace;

switch (args)
{
    case ["engine", .. var rest]:
        return await EngineCommand.RunAsync(rest);
    case ["stream", .. var rest]:
        return await StreamCommand.RunAsync(rest);
    case ["models", .. var rest]:
        return await ModelsCommand.RunAsync(rest);
    case ["gateway"]:
        return await GatewayCommand.RunAsync();
    case ["connector", .. var rest]:
        return await ConnectorCommand.RunAsync(rest);
    case ["mqtt", .. var rest]:
        return await BusCommand.RunAsync(rest);
    case ["fleet", .. var rest]:
        return await FleetBenchCommand.RunAsync(rest);
    case ["start", .. var rest]:
        return await StartCommand.RunAsync(rest);
    case ["trace"]:
        return TraceCommand.Run();
    case [] or ["help"]:
        Console.WriteLine($"{EngineCommand.Help}\n{StreamCommand.Help}\n{ModelsCommand.Help}\n{GatewayCommand.Help}\n{ConnectorCommand.Help}\n{BusCommand.Help}\n{FleetBenchCommand.Help}\n{StartCommand.Help}\n{TraceCommand.Help}\nmicro [--filter ...]   BenchmarkDotNet");
        return 0;
    default:
        BenchmarkSwitcher.FromAssembly(typeof(MicroBenchmarks).Assembly).Run(args[0] == "micro" ? args[1..] : args);
        return 0;
}
