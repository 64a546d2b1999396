using Hybrid.Models.Gguf;
using Hybrid.Tests.Engines.LlamaCpp;

namespace Hybrid.Tests.Models.Gguf;

[Collection("llama.cpp")]
public sealed class GgufFuzzTests : IDisposable
{
    // HYBRID_FUZZ_TRIES and HYBRID_FUZZ_SEED are for a longer run, elsewhere.
    private static readonly int Tries = FromEnvironment("HYBRID_FUZZ_TRIES", 1_000);
    private static readonly int Seed = FromEnvironment("HYBRID_FUZZ_SEED", 20_261);
    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid-fuzz").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Of_twenty_thousand_damaged_headers_the_guard_refuses_or_takes_each_in_bounded_memory()
    {
        var model = TinyModel.Create();
        var random = new Random(Seed);
        var (refused, taken, most) = (0, 0, 0L);
        for (var round = 0; round < 20_000; round++)
        {
            var damaged = GgufMutations.Mutate(model, random);
            var before = GC.GetAllocatedBytesForCurrentThread();
            if (Refuses(damaged))
                refused++;
            else
                taken++;
            most = Math.Max(most, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.InRange(refused, 10_000, 19_500);
        Assert.InRange(taken, 500, 10_000);
        Assert.InRange(most, 1, 20 * model.Bytes.Length);
    }

    [Fact]
    public async Task None_of_a_thousand_that_the_guard_takes_ends_the_process()
    {
        var model = TinyModel.Create();
        var random = new Random(Seed);
        var (tried, loaded) = (0, 0);
        var deaths = new List<string>();
        var child = SecondProcess.Start("load");
        try
        {
            await RequireWholeAsync(child, model.Bytes);
            while (tried < Tries && deaths.Count < 20)
            {
                var damaged = GgufMutations.Mutate(model, random);
                if (damaged.AsSpan().SequenceEqual(model.Bytes) || Refuses(damaged))
                    continue;
                var path = Path.Combine(_folder, $"{tried}.gguf");
                await File.WriteAllBytesAsync(path, damaged);
                await child.Input.WriteLineAsync(path);
                var line = await child.ReadLineAsync();
                if (line is null)
                {
                    var kept = Path.Combine(Path.GetTempPath(), $"hybrid-fuzz-{Seed}-{tried}.gguf");
                    await File.WriteAllBytesAsync(kept, damaged);
                    deaths.Add($"'{kept}' ended the process: {await child.EndedAsync()}");
                    child.Dispose();
                    child = SecondProcess.Start("load");
                }

                loaded += line == "loaded" ? 1 : 0;
                tried++;
                File.Delete(path);
            }

            await child.EndAsync();
        }
        finally
        {
            child.Dispose();
        }

        Assert.True(deaths.Count == 0, string.Join('\n', deaths));
        Assert.Equal(Tries, tried);
        Assert.InRange(loaded, Tries / 10, Tries - 1);
    }

    private async Task RequireWholeAsync(SecondProcess child, byte[] whole)
    {
        var path = Path.Combine(_folder, "whole.gguf");
        await File.WriteAllBytesAsync(path, whole);
        await child.Input.WriteLineAsync(path);
        Assert.Equal("loaded", await child.ReadLineAsync());
    }

    private static int FromEnvironment(string name, int otherwise) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text) : otherwise;

    private static bool Refuses(byte[] bytes)
    {
        try
        {
            _ = GgufFile.Read(new MemoryStream(bytes), bytes.Length, "test.gguf");
            return false;
        }
        catch (HybridException error)
        {
            Assert.Equal(HybridError.ModelFile, error.Error);
            return true;
        }
    }
}
