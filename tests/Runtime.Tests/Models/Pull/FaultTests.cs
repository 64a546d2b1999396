using System.Collections.Concurrent;
using System.Net;
using Hybrid.Models.Pull;

namespace Hybrid.Tests.Models.Pull;

/// <summary>What servers and lines do wrong, one at a time: the right bytes are there in the end, or an error that says what is kept.</summary>
public sealed class FaultTests : IAsyncDisposable
{
    private const string Reference = "hf:owner/model-GGUF:Q8_0";
    private readonly HubServer _hub = new();
    private readonly PullPlace _place = new();
    private readonly byte[] _bytes = HubRepository.Bytes((20 * PullPlace.Shard) + 777, 11);
    private readonly HubRepository _repository;
    private int _hit;

    public FaultTests() => _repository = new(_hub) { Files = { ["m-Q8_0.gguf"] = _bytes } };

    private IEnumerable<HubRequest> Ranges => _hub.Asked.Where(request => request.Method == "GET" && request.Range is not null);

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        _place.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(40_000)]
    [InlineData(PullPlace.Shard - 1)]
    public async Task A_connection_that_is_cut_goes_on_where_it_was(int after)
    {
        Once(answer => answer with { CutAfter = after }, times: 5);
        await IsWholeAsync();
        Assert.Equal(_bytes.Length, _hub.Served); // not a byte came twice
        Assert.NotEmpty(_place.Time.Waits);
    }

    [Fact]
    public async Task A_shard_that_is_cut_again_and_again_still_gets_on()
    {
        // Each of them as often as it is tried again.
        ConcurrentDictionary<long, int> asked = new();
        _repository.OnHub = (_, request, answer) => request.Range is var (first, _) && Counted(asked, first / PullPlace.Shard) <= _place.Options.Retries ? answer with { CutAfter = answer.Body.Length / 2 } : answer;
        await IsWholeAsync();
        Assert.Equal(Enumerable.Repeat(_place.Options.Retries + 1, 21), asked.Values);
        Assert.Equal(_bytes.Length, _hub.Served);
    }

    [Theory]
    [InlineData(HttpStatusCode.InternalServerError)]
    [InlineData(HttpStatusCode.BadGateway)]
    [InlineData(HttpStatusCode.RequestTimeout)]
    [InlineData(HttpStatusCode.TooManyRequests)]
    public async Task A_passing_refusal_is_tried_again(HttpStatusCode status)
    {
        Once(_ => new((int)status), times: 6);
        await IsWholeAsync();
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    public async Task A_wish_to_be_left_alone_is_kept(int status)
    {
        Once(_ => new HubAnswer(status).With("Retry-After", "17"));
        await IsWholeAsync();
        // What was asked for, and half of the first 500 ms on top.
        Assert.Contains(TimeSpan.FromSeconds(17.25), _place.Time.Waits);
    }

    [Fact]
    public async Task A_wish_for_too_much_patience_is_an_error_that_tells_it()
    {
        Once(_ => new HubAnswer(429).With("Retry-After", "3600"));
        var error = await FailsAsync(HybridError.Busy, "asks to be left alone for 3600 s");
        Assert.Equal(TimeSpan.FromHours(1), error.RetryAfter);
    }

    [Fact]
    public async Task Waits_double_up_to_the_longest_with_full_jitter()
    {
        _repository.OnHub = (_, request, answer) => request.Range is null ? answer : new(500);
        await FailsAsync(HybridError.TargetUnavailable, "it failed 9 times in a row, the last time: it answered HTTP 500", options => options with { Connections = 1, LongestDelay = TimeSpan.FromSeconds(10) });
        Assert.Equal([0.25, 0.5, 1, 2, 4, 5, 5, 5], _place.Time.Waits.Select(wait => wait.TotalSeconds));
    }

    [Fact]
    public async Task What_is_kept_is_said_and_not_fetched_again()
    {
        var broken = true;
        _repository.OnHub = (_, request, answer) => broken && request.Range is var (first, _) && first >= 10 * PullPlace.Shard ? new(500) : answer;
        await FailsAsync(HybridError.TargetUnavailable, "640 KiB of 1.3 MiB are kept; pull again and it goes on from there", options => options with { Connections = 1 });
        var served = _hub.Served;
        broken = false;
        await IsWholeAsync();
        Assert.Equal(_bytes.Length - (10 * PullPlace.Shard), _hub.Served - served);
    }

    [Fact]
    public async Task A_server_that_hangs_is_asked_again_after_the_stall_timeout()
    {
        var time = new ManualTimeProvider();
        Once(answer => answer with { HangAfter = 1000 });
        var pull = _place.PullAsync(_hub, Reference, options => options with { TimeProvider = time, Connections = 1, FirstDelay = TimeSpan.Zero, LongestDelay = TimeSpan.Zero });
        // All that will come is here, and the wait for more has begun.
        while (_place.Partials.FirstOrDefault(path => !path.EndsWith(".journal", StringComparison.Ordinal)) is not { } path || new FileInfo(path).Length < 1000 || !time.HasTimerAt(PullPlace.Stall))
            await Task.Yield();
        time.Advance(PullPlace.Stall);
        _place.Has(await pull, _bytes);
        Assert.Equal(1000, Ranges.ElementAt(1).Range!.Value.First);
    }

    [Fact]
    public async Task A_whole_file_for_a_range_restarts_in_one_stream()
    {
        _repository.Ranges = false;
        await IsWholeAsync();
        Assert.Single(_hub.Asked, request => request.Method == "GET" && request.Range is null && request.Path.Contains("/resolve/", StringComparison.Ordinal));
        Assert.Contains(_place.Heard.All, told => told.Note?.Contains("it serves no ranges; all of it comes in one stream", StringComparison.Ordinal) == true);
    }

    [Fact]
    public async Task One_stream_that_is_cut_begins_anew()
    {
        _repository.Ranges = false;
        _repository.OnHub = (_, request, answer) => request.Method == "GET" && request.Range is null && answer.Body.Length == _bytes.Length && Interlocked.Increment(ref _hit) <= 3 ? answer with { CutAfter = 500_000 } : answer;
        await IsWholeAsync();
        Assert.Equal(4, _hit);
    }

    [Fact]
    public async Task Ranges_that_end_in_the_middle_of_a_pull_restart_it()
    {
        _repository.OnHub = (it, request, answer) =>
        {
            if (request.Range is var (first, _) && first >= 8 * PullPlace.Shard) it.Ranges = false;
            return answer;
        };
        await IsWholeAsync();
    }

    [Theory]
    [InlineData("bytes 0-65535/1311497")]
    [InlineData("bytes 65537-131072/1311497")]
    [InlineData("bytes 65536-131071/99")]
    [InlineData("items 65536-131071/1311497")]
    [InlineData("nonsense")]
    [InlineData(null)]
    public async Task Bytes_of_another_place_are_not_taken(string? range)
    {
        var wrong = 0;
        _repository.OnHub = (_, request, answer) => request.Range is (65536, _) && Interlocked.Increment(ref wrong) == 1 ? answer.With("Content-Range", range) : answer;
        await IsWholeAsync();
        Assert.True(wrong > 1, "The wrong answer was taken.");
    }

    [Theory]
    [InlineData(1_000_000)]
    [InlineData(10)]
    [InlineData(-1)]
    public async Task A_length_that_is_not_true_does_no_harm(int claimed)
    {
        Once(answer => answer with { ClaimedLength = claimed }, times: 3);
        await IsWholeAsync();
    }

    [Fact]
    public async Task More_bytes_than_the_range_are_not_taken()
    {
        Once(answer => answer with { Body = new byte[answer.Body.Length + 5], ClaimedLength = -1 });
        await IsWholeAsync();
    }

    [Fact]
    public async Task A_file_that_became_shorter_is_asked_for_anew()
    {
        var shorter = _bytes[..(5 * PullPlace.Shard)];
        _repository.OnHub = (it, request, answer) =>
        {
            if (request.Range is var (first, _) && first >= 8 * PullPlace.Shard)
            {
                it.Files = new() { ["m-Q8_0.gguf"] = shorter };
                return new HubAnswer(416).With("Content-Range", $"bytes */{shorter.Length}");
            }

            return answer;
        };
        _place.Has(await _place.PullAsync(_hub, Reference), shorter);
        Assert.Empty(_place.Partials); // what was there of the longer one is gone
    }

    [Fact]
    public async Task Another_version_in_the_middle_discards_what_is_stale()
    {
        var newer = HubRepository.Bytes(_bytes.Length, 12);
        _repository.OnHub = (it, request, answer) =>
        {
            if (request.Range is var (first, _) && first >= 8 * PullPlace.Shard) it.Files = new() { ["m-Q8_0.gguf"] = newer };
            return answer;
        };
        _place.Has(await _place.PullAsync(_hub, Reference), newer);
        Assert.Empty(_place.Partials);
        Assert.Contains(Ranges, request => request.Header("if-range") == $"\"{HubRepository.Digest(_bytes)}\"");
    }

    [Fact]
    public async Task A_file_that_never_stays_the_same_is_given_up()
    {
        var seed = 100;
        _repository.OnHub = (it, request, answer) =>
        {
            if (request.Range is var (first, _) && first >= 4 * PullPlace.Shard) it.Files = new() { ["m-Q8_0.gguf"] = HubRepository.Bytes(_bytes.Length, Interlocked.Increment(ref seed)) };
            return answer;
        };
        await FailsAsync(HybridError.TargetUnavailable, "it has changed at its source, and so for the 4th time");
    }

    [Fact]
    public async Task A_flipped_bit_on_the_line_is_found_and_all_comes_again()
    {
        Once(answer => answer with { Body = Flipped(answer.Body) });
        await IsWholeAsync();
        Assert.Equal(2 * _bytes.Length, _hub.Served);
        Assert.Contains(_place.Heard.All, told => told.Note?.Contains("its digest is not the announced one", StringComparison.Ordinal) == true);
    }

    [Fact]
    public async Task Bits_that_always_flip_are_never_stored()
    {
        // One shard in four, and each time another byte of it.
        ConcurrentDictionary<long, int> asked = new();
        _repository.OnHub = (_, request, answer) => request.Range is var (first, _) && first / PullPlace.Shard % 4 == 0 ? answer with { Body = Flipped(answer.Body, Counted(asked, first)) } : answer;
        await FailsAsync(HybridError.ModelFile, "6 of 21 shards differed between two tries, so something on the line damages what comes through");
    }

    [Fact]
    public async Task A_file_that_is_not_what_its_digest_says_is_never_stored()
    {
        _repository.Tag = _ => new string('a', 64);
        await FailsAsync(HybridError.ModelFile, "The same bytes came every time, so the file at its source is not the announced one");
    }

    [Fact]
    public async Task Compression_that_was_not_asked_for_is_not_taken()
    {
        Once(answer => answer.With("Content-Encoding", "gzip"));
        await IsWholeAsync();
    }

    [Fact]
    public async Task Cancelling_keeps_what_is_here()
    {
        using var cancel = new CancellationTokenSource();
        _repository.OnHub = (_, request, answer) =>
        {
            if (request.Range is (10 * PullPlace.Shard, _)) cancel.Cancel();
            return answer;
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _place.PullAsync(_hub, Reference, options => options with { Connections = 1 }, cancel.Token));
        Assert.Empty(_place.Store.List());
        var before = Ranges.Count();
        await IsWholeAsync();
        Assert.InRange(Ranges.Count() - before, 1, 12); // of 21
    }

    [Fact]
    public async Task Presigned_addresses_that_expire_are_asked_for_again()
    {
        await using var storage = new HubServer("127.0.0.2");
        await using var hub = new HubServer();
        _ = new HubRepository(hub, storage) { Files = { ["m-Q8_0.gguf"] = _bytes }, UsesOfAnAddress = 3, Token = "t" };
        _place.Has(await _place.PullAsync(hub, Reference, options => options with { Hub = options.Hub with { Token = "t" } }), _bytes);
        Assert.InRange(hub.Asked.Count(request => request.Method == "HEAD"), 7, 40);
        Assert.All(storage.Asked, request => Assert.Null(request.Header("authorization")));
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_said_in_words()
    {
        using var nobody = new HeldPort();
        var error = await Assert.ThrowsAsync<HybridException>(() => _place.PullAsync(_hub, Reference, options => options with { Hub = options.Hub with { Endpoint = nobody.Address.AbsoluteUri } }));
        Assert.Equal(HybridError.TargetUnavailable, error.Error);
        Assert.Contains("the connection was refused. Nothing was fetched", error.Message, StringComparison.Ordinal);
    }

    private static byte[] Flipped(ReadOnlyMemory<byte> body, int at = 1234)
    {
        var bytes = body.ToArray();
        bytes[at] ^= 4;
        return bytes;
    }

    /// <summary>Changes the first answers to ranges.</summary>
    private void Once(Func<HubAnswer, HubAnswer> change, int times = 1) =>
        _repository.OnHub = (_, request, answer) => request.Range is not null && Interlocked.Increment(ref _hit) <= times ? change(answer) : answer;

    private static int Counted(ConcurrentDictionary<long, int> counts, long key) => counts.AddOrUpdate(key, 1, (_, count) => count + 1);

    private async Task IsWholeAsync()
    {
        _place.Has(await _place.PullAsync(_hub, Reference), _bytes);
        Assert.Empty(_place.Partials);
    }

    private async Task<HybridException> FailsAsync(HybridError kind, string words, Func<PullOptions, PullOptions>? change = null)
    {
        var error = await Assert.ThrowsAsync<HybridException>(() => _place.PullAsync(_hub, Reference, change));
        Assert.Equal(kind, error.Error);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.Empty(_place.Store.List());
        return error;
    }
}
