using BenchmarkDotNet.Running;
using Hybrid.Benchmarks;

switch (args)
{
    case ["decode", .. var rest]:
        await DecodeComparison.RunAsync(pairs: rest.Length > 0 ? int.Parse(rest[0]) : 9);
        break;
    case [] or ["help"]:
        Console.WriteLine("decode [PAIRS]   one stream against node-llama-cpp, in turns\nmicro [--filter ...]   BenchmarkDotNet");
        break;
    default:
        BenchmarkSwitcher.FromAssembly(typeof(DecodeComparison).Assembly).Run(args[0] == "micro" ? args[1..] : args);
        break;
}
