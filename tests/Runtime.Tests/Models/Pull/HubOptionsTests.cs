using Hybrid.Models.Pull.Hub;

namespace Hybrid.Tests.Models.Pull;

public sealed class HubOptionsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid-hub").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_environment_is_read_as_the_hubs_own_client_does()
    {
        var options = Read(("HF_ENDPOINT", "https://hub.example/"), ("HF_TOKEN", " hf_one\n"), ("HF_HUB_OFFLINE", "yes"));
        Assert.Equal(("https://hub.example", "hf_one", true), (options.Endpoint, options.Token, options.Offline));
        Assert.Equal("https://huggingface.co", Read().Endpoint);
        Assert.False(Read(("HF_HUB_OFFLINE", "0")).Offline);
    }

    [Fact]
    public void The_token_is_in_a_file_where_no_variable_has_it()
    {
        File.WriteAllText(Path.Combine(_folder, "token"), "hf_file\n");
        File.WriteAllText(Path.Combine(_folder, "other"), "hf_other");
        Assert.Equal("hf_file", Read(("HF_HOME", _folder)).Token);
        Assert.Equal("hf_other", Read(("HF_HOME", _folder), ("HF_TOKEN_PATH", Path.Combine(_folder, "other"))).Token);
        Assert.Equal("hf_one", Read(("HF_HOME", _folder), ("HF_TOKEN", "hf_one")).Token);
        Directory.CreateDirectory(Path.Combine(_folder, "huggingface"));
        File.WriteAllText(Path.Combine(_folder, "huggingface", "token"), "hf_cache");
        Assert.Equal("hf_cache", Read(("XDG_CACHE_HOME", _folder)).Token);
    }

    [Fact]
    public void The_token_is_in_no_text() =>
        Assert.DoesNotContain("hf_one", $"{Read(("HF_TOKEN", "hf_one"))} {new Hybrid.Models.Pull.PullOptions { Hub = Read(("HF_TOKEN", "hf_one")) }}", StringComparison.Ordinal);

    private HubOptions Read(params (string Name, string Value)[] variables) =>
        HubOptions.FromEnvironment(name => Array.Find(variables, variable => variable.Name == name).Value ?? (name == "XDG_CACHE_HOME" ? Path.Combine(_folder, "none") : null));
}
