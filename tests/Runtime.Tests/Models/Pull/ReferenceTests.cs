using Hybrid.Models.Pull;

namespace Hybrid.Tests.Models.Pull;

public class ReferenceTests
{
    [Theory]
    [InlineData("hf:Qwen/Qwen3-0.6B-GGUF:Q8_0", "Qwen/Qwen3-0.6B-GGUF", null, "Q8_0", null)]
    [InlineData("HF:owner/repo", "owner/repo", null, null, null)]
    [InlineData("hf:owner/repo:Q4_K_M@v1", "owner/repo", null, "Q4_K_M", "v1")]
    [InlineData("hf:owner/repo@refs/pr/3:Q4_K_M", "owner/repo", null, "Q4_K_M", "refs/pr/3")]
    [InlineData("hf:owner/repo/sub/file.gguf@main", "owner/repo", "sub/file.gguf", null, "main")]
    [InlineData("mirror:owner/repo:UD-Q4_K_XL", "owner/repo", null, "UD-Q4_K_XL", null)]
    public void A_repository_is_read(string text, string location, string? file, string? quantisation, string? revision)
    {
        var reference = ModelReference.Parse(text);
        Assert.Equal((location, file, quantisation, revision), (reference.Location, reference.File, reference.Quantisation, reference.Revision));
        Assert.Equal(reference, ModelReference.Parse(reference.ToString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Qwen3")]
    [InlineData("hf:")]
    [InlineData("hf:owner")]
    [InlineData("hf:../repo")]
    [InlineData("hf:owner/..")]
    [InlineData("hf:owner/repo/../../etc/passwd")]
    [InlineData("hf:owner/repo//file.gguf")]
    [InlineData("hf:owner/repo/a\\..\\b.gguf")]
    [InlineData("hf:owner/repo/con.gguf")]
    [InlineData("hf:owner/repo/nul")]
    [InlineData("hf:owner/repo/end.")]
    [InlineData("hf:owner/repo/a\0b")]
    [InlineData("hf:owner/repo/C:/x.gguf")]
    [InlineData("hf:owner/repo@../main")]
    [InlineData("hf:owner/repo@a b")]
    [InlineData("hf:owner/repo/file.gguf:Q8_0")]
    [InlineData("hf:owner/re po")]
    [InlineData("https://user:secret@host/m.gguf")]
    [InlineData("https://host/m.gguf#md5=1")]
    [InlineData("https://host/m.gguf#sha256=12")]
    [InlineData("ftp://host/m.gguf")]
    [InlineData("file:")]
    public void What_is_none_is_refused_with_examples(string text)
    {
        var error = Assert.Throws<HybridException>(() => ModelReference.Parse(text));
        Assert.Equal(HybridError.InvalidRequest, error.Error);
        Assert.Contains("hf:Qwen/Qwen3-0.6B-GGUF:Q8_0", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_address_keeps_its_query_to_itself()
    {
        var reference = ModelReference.Parse($"https://host/a%20b/m-Q8_0.gguf?sig=key#sha256={new string('A', 64)}");
        Assert.Equal("https://host/a%20b/m-Q8_0.gguf?sig=key", reference.Location);
        Assert.Equal("https://host/a%20b/m-Q8_0.gguf", reference.ToString());
        Assert.Equal(new string('a', 64), reference.Sha256);
    }

    [Fact]
    public void A_file_is_a_path_or_an_address()
    {
        Assert.Equal("/models/m.gguf", ModelReference.Parse("file:///models/m.gguf").Location);
        Assert.Equal("/models/m.gguf", ModelReference.Parse("file:/models/m.gguf").Location);
        Assert.Equal(Path.GetFullPath("m.gguf"), ModelReference.Parse("file:m.gguf").Location);
    }
}
