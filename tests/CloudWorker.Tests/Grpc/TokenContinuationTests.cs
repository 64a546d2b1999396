using Hybrid.CloudConnector.Pools;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Targets;

namespace Hybrid.CloudWorker.Tests.Grpc;

/// <summary>A stream moves over a real socket, between engines of one vocabulary.</summary>
public sealed class TokenContinuationTests : IAsyncLifetime
{
    private const int MaxTokens = 24;
    private InProcessWorker _worker = null!;
    private WorkerTarget _pool = null!;

    public async ValueTask InitializeAsync()
    {
        _worker = await InProcessWorker.StartAsync(load: async (_, token) => await LoadAsync(token));
        _pool = new(new() { Endpoint = _worker.Server.Grpc, Descriptor = new() { Name = "pool", Model = "scripted", Zone = Zone.Site } });
    }

    public async ValueTask DisposeAsync()
    {
        await _pool.DisposeAsync();
        await _worker.DisposeAsync();
    }

    [Fact]
    public async Task What_a_device_began_a_pool_goes_on_with_to_the_token()
    {
        await using var device = await LoadAsync(_worker.Limit);
        var request = Ask(new GrammarOutput("root ::= \"naïve 日本語 \" [a-z ]{20}"));
        var whole = await ReadAsync(device, request);
        Assert.Equal(whole, await ReadAsync(_pool, request));
        Assert.Equal(Enumerable.Range(0, whole.Count), whole.Select(update => update.TokenIndex!.Value));
        var (said, ids, cuts) = ("", new List<int>(), 0);
        foreach (var update in whole.SkipLast(2))
        {
            said += update.Text;
            ids.AddRange(update.Tokens);
            if (update.PendingBytes > 0)
                continue;
            cuts++;
            var rest = await ReadAsync(_pool, request with { Continuation = said, ContinuationTokens = new(update.Vocabulary!, ids.ToArray()), MaxTokens = MaxTokens - ids.Count });
            Assert.Equal(whole.Skip(ids.Count).SelectMany(later => later.Tokens), rest.SelectMany(later => later.Tokens));
            Assert.Equal(Text(whole), said + Text(rest));
        }

        Assert.InRange(cuts, 8, whole.Count - 6);
    }

    [Fact]
    public async Task Tokens_of_another_vocabulary_or_of_another_text_leave_the_text_and_those_out_of_range_are_refused()
    {
        var whole = await ReadAsync(_pool, Ask());
        var request = Ask() with { Continuation = Text(whole)[..9] };
        var byText = await ReadAsync(_pool, request);
        foreach (var (vocabulary, token) in new[] { ("0123", 70), ("0123", -5), (whole[0].Vocabulary!, 70) })
            Assert.Equal(Text(byText), Text(await ReadAsync(_pool, request with { ContinuationTokens = new(vocabulary, new[] { token }) })));
        var error = await Assert.ThrowsAsync<HybridException>(() => ReadAsync(_pool, request with { ContinuationTokens = new(whole[0].Vocabulary!, new[] { 1 << 20 }) }));
        Assert.Equal(HybridError.InvalidRequest, error.Error);
    }

    private static DecodeRequest Ask(OutputFormat? format = null) => new()
    {
        Prompt = new MessagesPrompt([new("user", "What are the steps when a fan vibrates?")]),
        Sampling = SamplingOptions.Greedy,
        MaxTokens = MaxTokens,
        Format = format,
    };

    private static Task<LlamaEngine> LoadAsync(CancellationToken token) =>
        LlamaEngine.LoadAsync(new() { ModelPath = Repository.EdgeModel, Threads = 1, Speculation = false }, cancellationToken: token);

    private async Task<List<DecodeUpdate>> ReadAsync(ITarget target, DecodeRequest request)
    {
        var updates = new List<DecodeUpdate>();
        await foreach (var update in target.GenerateAsync(request, _worker.Limit))
            updates.Add(update with { Completion = null });
        return updates;
    }

    private static string Text(IEnumerable<DecodeUpdate> updates) => string.Concat(updates.Select(update => update.Text));
}
