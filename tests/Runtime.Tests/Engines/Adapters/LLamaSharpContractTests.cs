using Hybrid.Adapters.LLamaSharp;
using Hybrid.Targets;
using Hybrid.Tests.Engines.LlamaCpp;
using LLama;
using LLama.Common;
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

    [Fact]
    public async Task Weights_that_the_app_has_loaded_serve_and_stay_the_apps()
    {
        RequireLibraries();
        using var weights = await LLamaWeights.LoadFromFileAsync(new ModelParams(Starter.Edge), TestContext.Current.CancellationToken);
        for (var round = 0; round < 2; round++)
        {
            await using var engine = LLamaSharpEngine.Over(weights, new() { Threads = 1 });
            Assert.StartsWith("Hello.", (await engine.AnswerAsync(Starter.Ask("hello"))).Text, StringComparison.Ordinal);
            await engine.DisposeAsync();
            Assert.Equal(HybridError.TargetUnavailable, Assert.Throws<HybridException>(() => engine.CountTokens([new("user", "?")])).Error);
        }
    }

    protected override async Task<ITarget> LoadAsync(EngineSetup setup)
    {
        RequireLibraries();
        return await LLamaSharpEngine.LoadAsync(
            setup.ModelPath, new() { Slots = setup.Slots, QueueCapacity = setup.Queue, ContextLength = setup.ContextLength, Threads = 1 }, setup.Time);
    }

    private static void RequireLibraries() => Assert.SkipUnless(
        Environment.GetEnvironmentVariable(Folder) is { Length: > 0 },
        $"{Folder} does not name the folder of LLamaSharp's libraries; with it, run this class alone, since a process holds one llama.cpp.");
}
