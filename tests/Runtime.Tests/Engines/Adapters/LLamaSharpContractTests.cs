using Hybrid.Adapters.LLamaSharp;
using Hybrid.Targets;
using LLama.Native;

namespace Hybrid.Tests.Engines.Adapters;

/// <summary>LLamaSharp over libraries of its own, in a process that holds no others.</summary>
public sealed class LLamaSharpContractTests : EngineContract
{
    private const string Folder = "HYBRID_LLAMASHARP_NATIVE";

    static LLamaSharpContractTests()
    {
        var (prefix, extension) = OperatingSystem.IsWindows() ? ("", "dll") : ("lib", OperatingSystem.IsMacOS() ? "dylib" : "so");
        if (Environment.GetEnvironmentVariable(Folder) is { Length: > 0 } folder)
            NativeLibraryConfig.LLama.WithLibrary(Path.Combine(folder, $"{prefix}llama.{extension}")).WithLogCallback((_, _) => { });
    }

    protected override async Task<ITarget> LoadAsync(EngineSetup setup)
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable(Folder) is { Length: > 0 }, $"{Folder} does not name the folder of LLamaSharp's libraries; with it, run this class alone, since a process holds one llama.cpp.");
        return await LLamaSharpEngine.LoadAsync(
            setup.ModelPath, new() { Slots = setup.Slots, QueueCapacity = setup.Queue, ContextLength = setup.ContextLength, Threads = 1 }, setup.Time);
    }
}
