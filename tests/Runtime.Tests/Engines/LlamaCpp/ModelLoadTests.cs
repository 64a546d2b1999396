using Hybrid.Engines.LlamaCpp;

namespace Hybrid.Tests.Engines.LlamaCpp;

[Collection("llama.cpp")]
public sealed class ModelLoadTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public Task A_missing_file_is_refused() => RefusedAsync(Path.Combine(_folder, "none.gguf"), "does not exist");

    [Fact]
    public Task A_folder_is_refused() => RefusedAsync(_folder, "folder");

    [Fact]
    public Task An_empty_file_is_refused() => RefusedAsync(Write([]), "empty");

    [Fact]
    public Task Text_is_refused() => RefusedAsync(Write("this is a page that says: not found, sorry"u8.ToArray()), "text");

    [Fact]
    public Task A_wrong_magic_is_refused() => RefusedAsync(Write([.. "GGUX"u8, .. File.ReadAllBytes(Starter.Edge)[4..]]), "'GGUF'");

    [Theory]
    [InlineData(3)]
    [InlineData(23)]
    [InlineData(1_000)]
    [InlineData(100_000)]
    [InlineData(-1)]
    public async Task A_truncated_file_is_refused(int length)
    {
        var bytes = await File.ReadAllBytesAsync(Starter.Edge);
        await RefusedAsync(Write(length < 0 ? bytes[..^1] : bytes[..length]), "Nothing was loaded");
    }

    [Fact]
    public Task An_unknown_architecture_is_refused_by_name() => RefusedAsync(Write(GgufBytes.WithoutTensors("madeup")), "'madeup'");

    [Theory]
    [InlineData("bert")]
    [InlineData("t5encoder")]
    [InlineData("llada")]
    public Task A_model_that_does_not_generate_is_refused(string architecture) =>
        RefusedAsync(Write(GgufBytes.WithoutTensors(architecture)), $"'{architecture}' does not generate text");

    [Fact]
    public async Task What_llama_cpp_finds_wrong_is_told_in_its_words()
    {
        var bytes = GgufBytes.Replace(await File.ReadAllBytesAsync(Starter.Edge), "blk.0.attn_q.weight", "blk.0.attn_x.weight");
        await RefusedAsync(Write(bytes), "blk.0.attn_q.weight");
    }

    [Theory]
    [InlineData(nameof(LlamaEngineOptions.Slots))]
    [InlineData(nameof(LlamaEngineOptions.Threads))]
    [InlineData(nameof(LlamaEngineOptions.Poll))]
    [InlineData(nameof(LlamaEngineOptions.LongestPause))]
    [InlineData(nameof(LlamaEngineOptions.ContextLength))]
    public async Task An_option_out_of_range_is_named(string option)
    {
        var options = new LlamaEngineOptions { ModelPath = Starter.Edge };
        options = option switch
        {
            nameof(options.Slots) => options with { Slots = 0 },
            nameof(options.Threads) => options with { Threads = 0 },
            nameof(options.Poll) => options with { Poll = 101 },
            nameof(options.LongestPause) => options with { LongestPause = TimeSpan.FromSeconds(-1) },
            _ => options with { ContextLength = 1 << 20 },
        };
        var error = await Assert.ThrowsAsync<HybridException>(() => LlamaEngine.LoadAsync(options));
        Assert.Equal(HybridError.Configuration, error.Error);
        Assert.Contains(option, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_load_ends_as_cancelled()
    {
        using var cancel = new CancellationTokenSource();
        var progress = new Callback(_ => cancel.Cancel());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => LlamaEngine.LoadAsync(new() { ModelPath = Starter.Cloud }, progress: progress, cancellationToken: cancel.Token));
    }

    [Fact]
    public async Task Progress_rises_to_one_and_a_handler_that_throws_does_no_harm()
    {
        var seen = new List<double>();
        await using var engine = await LlamaEngine.LoadAsync(new() { ModelPath = Starter.Edge, Threads = 1 }, progress: new Callback(value =>
        {
            seen.Add(value);
            throw new InvalidOperationException("A handler's own fault.");
        }));
        Assert.Equal(seen.Order(), seen);
        Assert.Equal(1, seen[^1]);
    }

    private string Write(byte[] bytes)
    {
        var path = Path.Combine(_folder, "model.gguf");
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private static async Task RefusedAsync(string path, string words)
    {
        var error = await Assert.ThrowsAsync<HybridException>(() => LlamaEngine.LoadAsync(new() { ModelPath = path }));
        Assert.Equal(HybridError.ModelFile, error.Error);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    private sealed class Callback(Action<double> report) : IProgress<double>
    {
        public void Report(double value) => report(value);
    }
}
