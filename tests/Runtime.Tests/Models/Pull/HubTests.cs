using Hybrid.Models.Pull;

namespace Hybrid.Tests.Models.Pull;

/// <summary>Hugging Face's conventions against a server that keeps them, with its storage on another host.</summary>
public sealed class HubTests : IAsyncDisposable
{
    private readonly HubServer _hub = new();
    private readonly HubServer _storage = new("127.0.0.2");
    private readonly PullPlace _place = new();

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        await _storage.DisposeAsync();
        _place.Dispose();
    }

    [Fact]
    public async Task A_quantisation_is_found_whatever_its_case_and_fetched_from_the_storage()
    {
        var (small, large) = (HubRepository.Bytes(300_000, 1), HubRepository.Bytes(1_000_003, 2));
        _ = new HubRepository(_hub, _storage) { Name = "Qwen/Qwen3-0.6B-GGUF", Files = { ["Qwen3-0.6B-Q4_K_M.gguf"] = small, ["Qwen3-0.6B-Q8_0.gguf"] = large, ["mmproj-Q8_0.gguf"] = small } };
        var manifest = await _place.PullAsync(_hub, "hf:Qwen/Qwen3-0.6B-GGUF:q8_0");

        Assert.Equal("qwen3-0.6b:q8_0", manifest.Name.ToString());
        Assert.Equal("hf:Qwen/Qwen3-0.6B-GGUF", manifest.Source);
        Assert.Equal(new string('c', 40), manifest.Revision);
        Assert.Equal("apache-2.0", manifest.Licence);
        Assert.Equal("Qwen3-0.6B-Q8_0.gguf", Assert.Single(manifest.Files).Path);
        _place.Has(manifest, large);
        Assert.Equal(large.Length, _storage.Served);
        Assert.Empty(_place.Partials);
        Assert.Equal(PullStage.Done, _place.Heard.All[^1].Stage);
        Assert.Equal((large.Length, large.Length, large.Length), (_place.Heard.All[^1].Bytes, _place.Heard.All[^1].TotalBytes, _place.Heard.All[^1].FetchedBytes));
    }

    [Fact]
    public async Task The_token_goes_to_the_hub_and_never_to_another_host()
    {
        var bytes = HubRepository.Bytes(500_000, 3);
        _ = new HubRepository(_hub, _storage) { Token = "hf_secret", Files = { ["m-Q4_0.gguf"] = bytes } };
        var manifest = await _place.PullAsync(_hub, "hf:owner/model-GGUF:Q4_0", options => options with { Hub = options.Hub with { Token = "hf_secret" } });

        _place.Has(manifest, bytes);
        Assert.All(_hub.Asked, request => Assert.Equal("Bearer hf_secret", request.Header("authorization")));
        Assert.NotEmpty(_storage.Asked);
        Assert.All(_storage.Asked, request => Assert.Null(request.Header("authorization")));
        Assert.All(_storage.Asked, request => Assert.DoesNotContain("hf_secret", request.Target, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_head_is_asked_without_compression_and_all_at_one_commit()
    {
        _ = new HubRepository(_hub, _storage) { Files = { ["m-Q4_0.gguf"] = HubRepository.Bytes(100_000, 3) } };
        await _place.PullAsync(_hub, "hf:owner/model-GGUF:Q4_0@main");
        var head = Assert.Single(_hub.Asked, request => request.Method == "HEAD");
        Assert.Equal("identity", head.Header("accept-encoding"));
        Assert.Equal($"/owner/model-GGUF/resolve/{new string('c', 40)}/m-Q4_0.gguf", head.Path);
        Assert.Contains(_hub.Asked, request => request.Path == "/api/models/owner/model-GGUF/revision/main");
    }

    [Fact]
    public async Task A_relative_redirect_is_followed_with_the_token()
    {
        var bytes = HubRepository.Bytes(200_000, 4);
        _ = new HubRepository(_hub, _storage)
        {
            Name = "owner/model-GGUF",
            Token = "t",
            Files = { ["m-F16.gguf"] = bytes },
            OnHub = (_, request, answer) => request.Path.Contains("/resolve/", StringComparison.Ordinal) && !request.Target.EndsWith("?here", StringComparison.Ordinal)
                ? new HubAnswer(307).With("Location", request.Path + "?here")
                : answer,
        };
        _place.Has(await _place.PullAsync(_hub, "hf:owner/model-GGUF:F16", options => options with { Hub = options.Hub with { Token = "t" } }), bytes);
        Assert.Contains(_hub.Asked, request => request.Target.EndsWith("?here", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_only_looks_relative_gets_no_token()
    {
        var bytes = HubRepository.Bytes(100_000, 4);
        _storage.Answer = request => request.Range is var (first, last)
            ? new HubAnswer(206, bytes.AsMemory((int)first, (int)(last - first + 1))).With("Content-Range", $"bytes {first}-{last}/{bytes.Length}")
            : new HubAnswer(200, bytes);
        _ = new HubRepository(_hub)
        {
            Token = "t",
            Files = { ["m-F16.gguf"] = bytes },
            OnHub = (_, request, answer) => request.Path.Contains("/resolve/", StringComparison.Ordinal)
                ? new HubAnswer(302).With("Location", $"//{_storage.Address.Authority}/elsewhere").With("X-Linked-Etag", $"\"{HubRepository.Digest(bytes)}\"")
                : answer,
        };
        _place.Has(await _place.PullAsync(_hub, "hf:owner/model-GGUF:F16", options => options with { Hub = options.Hub with { Token = "t" } }), bytes);
        Assert.NotEmpty(_storage.Asked);
        Assert.All(_storage.Asked, request => Assert.Null(request.Header("authorization")));
    }

    [Theory]
    [InlineData("\\\\{0}\\elsewhere")]
    [InlineData("/\\{0}/elsewhere")]
    [InlineData("file:///etc/passwd")]
    public async Task Odd_redirects_lead_nowhere(string location)
    {
        _ = new HubRepository(_hub)
        {
            Token = "t",
            Files = { ["m-F16.gguf"] = [1] },
            OnHub = (_, request, answer) => request.Path.Contains("/resolve/", StringComparison.Ordinal) ? new HubAnswer(302).With("Location", string.Format(location, _storage.Address.Authority)) : answer,
        };
        await Assert.ThrowsAsync<HybridException>(() => _place.PullAsync(_hub, "hf:owner/model-GGUF:F16", options => options with { Hub = options.Hub with { Token = "t" } }));
        Assert.Empty(_storage.Asked);
        Assert.Empty(_place.Store.List());
    }

    [Fact]
    public async Task Splits_come_in_order_and_are_never_joined()
    {
        var parts = new[] { 5, 6, 7 }.Select(seed => HubRepository.Bytes(150_000 + seed, seed)).ToArray();
        var repository = new HubRepository(_hub, _storage) { Files = { ["Q4_K_M/big-Q4_K_M-00002-of-00003.gguf"] = parts[1], ["Q4_K_M/big-Q4_K_M-00003-of-00003.gguf"] = parts[2], ["Q4_K_M/big-Q4_K_M-00001-of-00003.gguf"] = parts[0] } };
        var manifest = await _place.PullAsync(_hub, "hf:owner/model-GGUF:Q4_K_M");
        Assert.Equal(["Q4_K_M/big-Q4_K_M-00001-of-00003.gguf", "Q4_K_M/big-Q4_K_M-00002-of-00003.gguf", "Q4_K_M/big-Q4_K_M-00003-of-00003.gguf"], manifest.Files.Select(file => file.Path));
        _place.Has(manifest, parts);
        Assert.True(File.Exists(_place.Store.PathOf(manifest.Name).Replace("00001", "00003", StringComparison.Ordinal)), "The splits do not stand side by side.");

        repository.Files.Remove("Q4_K_M/big-Q4_K_M-00002-of-00003.gguf");
        var error = await Assert.ThrowsAsync<HybridException>(() => _place.PullAsync(_hub, "hf:owner/model-GGUF:Q4_K_M"));
        Assert.Contains("00002-of-00003.gguf' is missing", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_in_the_store_is_not_fetched_again()
    {
        _ = new HubRepository(_hub, _storage) { Files = { ["m-Q4_0.gguf"] = HubRepository.Bytes(400_000, 8) } };
        await _place.PullAsync(_hub, "hf:owner/model-GGUF:Q4_0");
        var served = _storage.Served;
        await _place.PullAsync(_hub, "hf:owner/model-GGUF:Q4_0");
        Assert.Equal(served, _storage.Served);
    }

    [Theory]
    [InlineData("hf:owner/other:Q8_0", null, HybridError.Unauthorized, "or it is private and there is no token")]
    [InlineData("hf:owner/other:Q8_0", "wrong", HybridError.Unauthorized, "the token in HF_TOKEN is not valid or may not see it")]
    [InlineData("hf:owner/model-GGUF:Q9_9", "right", HybridError.ModelFile, "it has no Q9_9; there are Q4_0, Q8_0")]
    [InlineData("hf:owner/model-GGUF", "right", HybridError.InvalidRequest, "it has 2 models: Q4_0, Q8_0")]
    [InlineData("hf:owner/model-GGUF/absent.gguf", "right", HybridError.ModelFile, "it has no file 'absent.gguf'; there are m-Q4_0.gguf, m-Q8_0.gguf")]
    [InlineData("hf:owner/model-GGUF:Q8_0@nowhere", "right", HybridError.ModelFile, "the repository has no such revision")]
    public async Task What_is_not_there_is_told_apart(string reference, string? token, HybridError kind, string words)
    {
        _ = new HubRepository(_hub) { Token = "right", Files = { ["m-Q8_0.gguf"] = [1], ["m-Q4_0.gguf"] = [2] } };
        var error = await Assert.ThrowsAsync<HybridException>(() => _place.PullAsync(_hub, reference, options => options with { Hub = options.Hub with { Token = token } }));
        Assert.Equal(kind, error.Error);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(token ?? "hf_", error.Message, StringComparison.Ordinal);
        Assert.Empty(_place.Store.List());
    }

    [Fact]
    public async Task A_gated_repository_says_what_to_do()
    {
        _ = new HubRepository(_hub)
        {
            Files = { ["m-Q8_0.gguf"] = [1] },
            OnHub = (_, request, answer) => request.Method == "HEAD" ? new HubAnswer(403).With("X-Error-Code", "GatedRepo") : answer,
        };
        var error = await Assert.ThrowsAsync<HybridException>(() => _place.PullAsync(_hub, "hf:owner/model-GGUF:Q8_0"));
        Assert.Equal(HybridError.Unauthorized, error.Error);
        Assert.Contains("is gated: its terms have to be accepted first", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Offline_asks_nobody()
    {
        var error = await Assert.ThrowsAsync<HybridException>(() => _place.PullAsync(_hub, "hf:owner/model-GGUF:Q8_0", options => options with { Hub = options.Hub with { Offline = true } }));
        Assert.Contains("HF_HUB_OFFLINE is set", error.Message, StringComparison.Ordinal);
        Assert.Empty(_hub.Asked);
    }

    [Fact]
    public async Task A_name_that_another_repository_has_is_not_taken_from_it()
    {
        var bytes = HubRepository.Bytes(1000, 9);
        _ = new HubRepository(_hub) { Name = "one/model-GGUF", Files = { ["m-Q8_0.gguf"] = bytes } };
        var first = await _place.PullAsync(_hub, "hf:one/model-GGUF:Q8_0");
        _ = new HubRepository(_hub) { Name = "two/model-GGUF", Files = { ["m-Q8_0.gguf"] = HubRepository.Bytes(1000, 10) } };
        var error = await Assert.ThrowsAsync<HybridException>(() => _place.PullAsync(_hub, "hf:two/model-GGUF:Q8_0"));
        Assert.Contains("'model:q8_0', which is taken by a model from 'hf:one/model-GGUF'", error.Message, StringComparison.Ordinal);
        _place.Has(first, bytes);
    }
}
