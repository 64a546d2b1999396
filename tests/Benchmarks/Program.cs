using BenchmarkDotNet.Running;
using Hybrid.Benchmarks;
using Hybrid.Benchmarks.Engine;

switch (args)
{
    case ["engine", .. var rest]:
        return await EngineCommand.RunAsync(rest);
    case [] or ["help"]:
        Console.WriteLine($"{EngineCommand.Help}\nmicro [--filter ...]   BenchmarkDotNet");
        return 0;
    default:
        BenchmarkSwitcher.FromAssembly(typeof(MicroBenchmarks).Assembly).Run(args[0] == "micro" ? args[1..] : args);
        return 0;
}
