using System.Text.Json;
using Hybrid.Models.Pull;

namespace Hybrid.Tests.Models.Pull;

/// <summary>Addresses of the web, files, and the site's mirror as a folder and as a server.</summary>
public sealed class SourceTests : IAsyncDisposable
{
    private readonly HubServer _server = new();
    private readonly PullPlace _place = new();
    private readonly byte[] _bytes = HubRepository.Bytes(700_001, 21);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _place.Dispose();
    }

    [Fact]
    public async Task An_address_is_fetched_and_known_again_by_its_tag()
    {
        Serve("/files/tiny-Q8_0.gguf", "\"v1\"");
        var manifest = await PullAsync($"{_server.Endpoint}/files/tiny-Q8_0.gguf?key=k");
        _place.Has(manifest, _bytes);
        Assert.Equal("tiny:q8_0", manifest.Name.ToString());
        Assert.Equal($"{_server.Endpoint}/files/tiny-Q8_0.gguf", manifest.Source);
        var served = _server.Served;
        await PullAsync($"{_server.Endpoint}/files/tiny-Q8_0.gguf?key=k");
        Assert.Equal(served, _server.Served);
        Serve("/files/tiny-Q8_0.gguf", "\"v2\"");
        await PullAsync($"{_server.Endpoint}/files/tiny-Q8_0.gguf?key=k");
        Assert.Equal(2 * served, _server.Served);
    }

    [Fact]
    public async Task An_address_may_say_its_digest()
    {
        Serve("/tiny.gguf", "\"v1\"");
        _place.Has(await PullAsync($"{_server.Endpoint}/tiny.gguf#sha256={HubRepository.Digest(_bytes).ToUpperInvariant()}"), _bytes);
        var error = await Assert.ThrowsAsync<HybridException>(() => PullAsync($"{_server.Endpoint}/tiny.gguf#sha256={new string('0', 64)}"));
        Assert.Equal(HybridError.ModelFile, error.Error);
    }

    [Fact]
    public async Task A_server_that_knows_GET_only_will_do()
    {
        Serve("/tiny.gguf", "\"v1\"", (request, answer) => request.Method == "HEAD" ? new(405) : answer);
        _place.Has(await PullAsync($"{_server.Endpoint}/tiny.gguf"), _bytes);
    }

    [Fact]
    public async Task A_server_that_tells_no_length_is_refused()
    {
        Serve("/tiny.gguf", "\"v1\"", (_, answer) => answer with { ClaimedLength = -1 });
        var error = await Assert.ThrowsAsync<HybridException>(() => PullAsync($"{_server.Endpoint}/tiny.gguf"));
        Assert.Contains("does not tell the file's length", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://192.0.2.1/tiny.gguf", "would be fetched without encryption")]
    [InlineData("http://localhost.example/tiny.gguf", "would be fetched without encryption")]
    public async Task Plain_http_stays_on_this_machine(string address, string words)
    {
        var error = await Assert.ThrowsAsync<HybridException>(() => PullAsync(address));
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_redirect_out_of_this_machine_is_not_followed_without_encryption()
    {
        _server.Answer = _ => new HubAnswer(302).With("Location", "http://192.0.2.1/tiny.gguf");
        var error = await Assert.ThrowsAsync<HybridException>(() => PullAsync($"{_server.Endpoint}/tiny.gguf"));
        Assert.Contains("'http://192.0.2.1/tiny.gguf' would be fetched without encryption", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Splits_at_an_address_and_in_a_folder_are_found_by_their_names()
    {
        var second = HubRepository.Bytes(100_000, 22);
        _server.Answer = request => Content(request, request.Path.Contains("00001", StringComparison.Ordinal) ? _bytes : second, "\"v1\"");
        _place.Has(await PullAsync($"{_server.Endpoint}/big-Q4_0-00002-of-00002.gguf"), _bytes, second);

        Write("big-Q5_0-00001-of-00002.gguf", _bytes);
        Write("big-Q5_0-00002-of-00002.gguf", second);
        _place.Has(await PullAsync($"file:{_place.Folder}/big-Q5_0-00001-of-00002.gguf"), _bytes, second);
    }

    [Fact]
    public async Task A_file_is_copied_and_may_go_away()
    {
        var path = Write("tiny-Q8_0.gguf", _bytes);
        var manifest = await PullAsync("file:" + path);
        File.Delete(path);
        _place.Has(manifest, _bytes);
        var error = await Assert.ThrowsAsync<HybridException>(() => PullAsync("file:" + path));
        Assert.Contains("does not exist; check the path", error.Message, StringComparison.Ordinal);
        Assert.Contains("is a folder", (await Assert.ThrowsAsync<HybridException>(() => PullAsync("file:" + _place.Folder))).Message, StringComparison.Ordinal);
        Assert.Contains("is empty", (await Assert.ThrowsAsync<HybridException>(() => PullAsync("file:" + Write("empty.gguf", [])))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mirror_is_a_folder_with_the_hubs_layout_or_plain_folders()
    {
        Write("mirror/owner/one/resolve/v2/m-Q8_0.gguf", _bytes);
        Write("mirror/owner/two/m-Q8_0.gguf", _bytes);
        var mirror = Path.Combine(_place.Folder, "mirror");
        _place.Has(await PullAsync("mirror:owner/one:Q8_0@v2", mirror), _bytes);
        _place.Has(await PullAsync("mirror:owner/two:Q8_0", mirror), _bytes);
        Assert.Contains("the mirror has no folder", (await Assert.ThrowsAsync<HybridException>(() => PullAsync("mirror:owner/one:Q8_0", Path.Combine(mirror, "none")))).Message, StringComparison.Ordinal);
        Assert.Contains("there are Q8_0", (await Assert.ThrowsAsync<HybridException>(() => PullAsync("mirror:owner/two:Q4_0", mirror))).Message, StringComparison.Ordinal);
        Assert.Contains("none is configured", (await Assert.ThrowsAsync<HybridException>(() => PullAsync("mirror:owner/two:Q4_0"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mirrors_index_is_believed_in_nothing_that_can_be_checked()
    {
        var mirror = Path.Combine(_place.Folder, "mirror");
        Write("mirror/owner/one/m-Q8_0.gguf", _bytes);
        Index(new { revision = "abc", licence = "mit", files = new[] { new { path = "m-Q8_0.gguf", size = _bytes.Length, sha256 = HubRepository.Digest(_bytes) } } });
        var manifest = await PullAsync("mirror:owner/one:Q8_0", mirror);
        Assert.Equal(("abc", "mit"), (manifest.Revision, manifest.Licence));

        Index(new { files = new[] { new { path = "m-Q8_0.gguf", size = _bytes.Length, sha256 = new string('0', 64) } } });
        await RefusedAsync("is not what was announced");
        Index(new { files = new[] { new { path = "m-Q8_0.gguf", size = 5, sha256 = (string?)null } } });
        await RefusedAsync("the mirror's index says 5");
        Index(new { files = new[] { new { path = "../m-Q8_0.gguf" } } });
        await RefusedAsync("files[0].path is not a path inside the mirror");
        Index(new { files = new[] { new { path = "m-Q8_0.gguf", sha256 = "12" } } });
        await RefusedAsync("files[0].sha256 has no 64 hexadecimal digits");
        Index(new[] { 1 });
        await RefusedAsync("it has no array 'files'");

        void Index<T>(T json) => Write("mirror/owner/one/index.json", JsonSerializer.SerializeToUtf8Bytes(json));
        async Task RefusedAsync(string words) =>
            Assert.Contains(words, (await Assert.ThrowsAsync<HybridException>(() => PullAsync("mirror:owner/one:Q8_0", mirror))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_mirror_is_a_static_server_with_an_index_or_a_copy_of_the_hub(bool index)
    {
        var repository = new HubRepository(_server) { Files = { ["m-Q8_0.gguf"] = _bytes } };
        if (index)
        {
            repository.OnHub = (_, request, answer) => request.Path switch
            {
                "/owner/model-GGUF/resolve/main/index.json" => new(200, JsonSerializer.SerializeToUtf8Bytes(new { files = new[] { new { path = "m-Q8_0.gguf", sha256 = HubRepository.Digest(_bytes) } } })),
                _ when request.Path.StartsWith("/api", StringComparison.Ordinal) => new(404),
                _ => answer,
            };
        }

        var manifest = await PullAsync("mirror:owner/model-GGUF:Q8_0", _server.Endpoint);
        _place.Has(manifest, _bytes);
        Assert.Equal("mirror:owner/model-GGUF", manifest.Source);
        Assert.All(_server.Asked, request => Assert.Null(request.Header("authorization")));
    }

    private async Task<Hybrid.Models.Store.ModelManifest> PullAsync(string reference, string? mirror = null)
    {
        using var puller = new ModelPuller(_place.Store, _place.Options with { Mirror = mirror, Hub = new() { Token = "never" } });
        return await puller.PullAsync(ModelReference.Parse(reference), _place.Heard);
    }

    private void Serve(string path, string tag, Func<HubRequest, HubAnswer, HubAnswer>? change = null) => _server.Answer = request =>
    {
        var answer = request.Path == path ? Content(request, _bytes, tag) : new(404);
        return change?.Invoke(request, answer) ?? answer;
    };

    private static HubAnswer Content(HubRequest request, byte[] bytes, string tag) => request.Range is var (first, last)
        ? new HubAnswer(206, bytes.AsMemory((int)first, (int)(last - first + 1))).With("ETag", tag).With("Content-Range", $"bytes {first}-{last}/{bytes.Length}")
        : new HubAnswer(200, bytes).With("ETag", tag);

    private string Write(string name, byte[] bytes)
    {
        var path = Path.Combine([_place.Folder, .. name.Split('/')]);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
