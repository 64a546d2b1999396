using BenchmarkDotNet.Running;
using Hybrid.Benchmarks;
using Hybrid.Benchmarks.Engine;

switch (args)
{
    case ["engine", .. var rest]:
        return await EngineCommand.RunAsync(rest);
    case ["decode", .. var rest]:
        await DecodeComparison.RunAsync(pairs: rest.Length > 0 ? int.Parse(rest[0]) : 9);
        return 0;
    case [] or ["help"]:
        Console.WriteLine($"{EngineCommand.Help}\ndecode [PAIRS]   one stream against node-llama-cpp, in turns\nmicro [--filter ...]   BenchmarkDotNet");
        return 0;
    default:
        BenchmarkSwitcher.FromAssembly(typeof(DecodeComparison).Assembly).Run(args[0] == "micro" ? args[1..] : args);
        return 0;
}
