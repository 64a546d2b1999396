using Hybrid.Models.Pull;

namespace Hybrid.Tests.Models.Pull;

/// <summary>Several pullers of one store want the same model.</summary>
public sealed class TwoPullersTests : IAsyncDisposable
{
    private readonly HubServer _hub = new();
    private readonly PullPlace _place = new();
    private readonly byte[] _bytes = HubRepository.Bytes(1_500_000, 61);

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        _place.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task One_fetches_and_the_others_find_it_done(bool digestIsKnown)
    {
        var repository = new HubRepository(_hub) { Files = { ["m-Q8_0.gguf"] = _bytes } };
        if (!digestIsKnown)
            repository.Tag = _ => "git-blob";
        var first = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var told = new PullPlace.Told();
        var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        // The first one gets no bytes before the second one waits for it.
        _hub.Hold = request =>
        {
            if (request.Range is null)
                return Task.CompletedTask;
            first.TrySetResult();
            return waiting.Task;
        };
        var one = Task.Run(() => _place.PullAsync(_hub, "hf:owner/model-GGUF:Q8_0"));
        await first.Task;
        using var other = new ModelPuller(_place.Open(), _place.Options with { Hub = new() { Endpoint = _hub.Endpoint } });
        var second = Task.Run(() => other.PullAsync(ModelReference.Parse("hf:owner/model-GGUF:Q8_0"), new Waits(told, waiting)));
        await Task.WhenAll(one, second);

        _place.Has(await one, _bytes);
        _place.Has(await second, _bytes);
        Assert.Equal(_bytes.Length, _hub.Asked.Where(request => request.Range is not null).Sum(request => request.Range!.Value.Last - request.Range!.Value.First + 1));
        Assert.Contains(told.All, progress => progress.Stage is PullStage.Waiting);
    }

    private sealed class Waits(PullPlace.Told told, TaskCompletionSource waiting) : IProgress<PullProgress>
    {
        public void Report(PullProgress value)
        {
            told.Report(value);
            if (value.Stage is PullStage.Waiting)
                waiting.TrySetResult();
        }
    }
}
