using Hybrid.Models.Store;

namespace Hybrid.Tests.Models.Store;

public class ModelNameTests
{
    [Theory]
    [InlineData("qwen3-0.6b:q8_0", "qwen3-0.6b", "q8_0")]
    [InlineData("Qwen3-0.6B:Q8_0", "qwen3-0.6b", "q8_0")]
    [InlineData("tiny", "tiny", "latest")]
    [InlineData("7b", "7b", "latest")]
    [InlineData("a.b-c_d:1", "a.b-c_d", "1")]
    [InlineData("console:com", "console", "com")]
    public void Names_are_read(string text, string name, string tag)
    {
        var parsed = ModelName.Parse(text);
        Assert.Equal((name, tag, $"{name}:{tag}"), (parsed.Name, parsed.Tag, parsed.ToString()));
        Assert.Equal(parsed, ModelName.Parse(parsed.ToString()));
    }

    public static TheoryData<string> Tricks => new(
        "", ":", "a:", ":a", "..", "../a", "a/../b", "a/b", "/etc/passwd", "\\\\server\\share", "c:\\windows", "c:/windows", "a\\b", ".", ".a", "-a", "_a",
        "a.", "a:b.", "a ", " a", "a b", "a:b:c", "con", "CON", "nul:latest", "a:nul", "prn.x", "aux.json", "com1", "a:lpt9", "com0.gguf", "conin$", "clock$",
        "a\0b", "a\nb", "a\u0007", "a\u202eb", "é", "a\u0301", "ｃｏｎ", "a*", "a?", "a<b", "a|b", "a\"b", "~", "$HOME", "%2e%2e", "a%00", "a;b", "a&b", "a@b", "a#b",
        new string('a', 97), "a:" + new string('b', 65), new string('x', 100_000));

    [Theory]
    [MemberData(nameof(Tricks))]
    public void Tricks_are_refused(string text)
    {
        var error = Assert.Throws<HybridException>(() => ModelName.Parse(text));
        Assert.Equal(HybridError.InvalidRequest, error.Error);
        Assert.DoesNotContain(error.Message, c => c is < ' ' or > '~');
        Assert.InRange(error.Message.Length, 40, 1_000);
        Assert.False(ModelName.TryParse(text, out var name, out var problem));
        Assert.Null(name);
        Assert.NotEmpty(problem);
    }

    public static TheoryData<string> PathTricks => new(
        "", "/", "/a", "a/", "a//b", "..", "../a", "a/../b", "a/..", ".", "./a", "a/.", "..\\a", "a\\b", "C:/a", "c:a", "//server/share", "a/con", "con/a", "a/NUL.gguf", "Com1.txt",
        "a/con .txt", "a./b", "a /b", " a", "a/b ", "a/b.", "a\0", "a\n", "a\t", "a\u007f", "é.gguf", "a:stream", "a*", "a?", "a<", "a>", "a|", "a\"",
        new string('a', 201), "a/" + new string('b', 400), "a/b/c/d/e/f/g/h/i");

    [Theory]
    [MemberData(nameof(PathTricks))]
    public void Paths_that_lead_elsewhere_or_exist_on_some_systems_alone_are_refused(string path) => Assert.NotNull(SafeNames.ProblemOfPath(path));

    [Theory]
    [InlineData("model.gguf")]
    [InlineData("Qwen3-0.6B-Q8_0.gguf")]
    [InlineData("BF16/model-00001-of-00002.gguf")]
    [InlineData("a (b) c+d, e=f@g.gguf")]
    [InlineData(".hidden")]
    [InlineData("consul/company.nulls")]
    public void Paths_of_models_are_taken(string path) => Assert.Null(SafeNames.ProblemOfPath(path));
}
