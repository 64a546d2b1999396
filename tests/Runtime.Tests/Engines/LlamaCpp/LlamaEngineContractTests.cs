using Hybrid.Engines.LlamaCpp;
using Hybrid.Targets;

namespace Hybrid.Tests.Engines.LlamaCpp;

/// <summary>The engine in the box.</summary>
[Collection("llama.cpp")]
public sealed class LlamaEngineContractTests : EngineContract
{
    protected override async Task<ITarget> LoadAsync(EngineSetup setup) => await LlamaEngine.LoadAsync(
        new() { ModelPath = setup.ModelPath, Slots = setup.Slots, QueueCapacity = setup.Queue, ContextLength = setup.ContextLength, Threads = 1 }, setup.Time);
}
