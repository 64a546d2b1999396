using System.Text;
using System.Text.RegularExpressions;
using Hybrid.CloudConnector;
using Hybrid.Policy;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Hybrid.EndToEnd;

/// <summary>What the pages show works as shown.</summary>
public class DocumentationTests
{
    [Theory]
    [InlineData("README.md")]
    [InlineData("docs/configuration.md")]
    [InlineData("docs/pools.md")]
    public void Every_configuration_in_it_is_taken_as_it_stands(string page)
    {
        // The one file beside the app that a page names.
        var template = Path.Combine(AppContext.BaseDirectory, "templates", "llama-3.1.jinja");
        Directory.CreateDirectory(Path.GetDirectoryName(template)!);
        File.WriteAllText(template, "{% for message in messages %}{{ message.content }}{% endfor %}");
        var blocks = Regex.Matches(Read(page), "```json\n(?<json>.*?)```", RegexOptions.Singleline);
        Assert.NotEmpty(blocks);
        foreach (Match block in blocks)
        {
            var configuration = new ConfigurationBuilder()
                .AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(block.Groups["json"].Value)))
                .Build();
            using var services = new ServiceCollection().AddHybrid(configuration).AddCloudConnector().BuildServiceProvider();
            Assert.NotNull(services.GetRequiredService<HybridChatClient>());
        }
    }

    [Fact]
    public void Every_preset_is_described_in_its_own_words()
    {
        var page = Read("docs/configuration.md");
        Assert.All(PolicyPresets.All, preset => Assert.Contains($"| `{preset.Name}` |", page, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_link_between_pages_leads_somewhere()
    {
        var pages = Directory.EnumerateFiles(Repository.Root, "*.md")
            .Concat(Directory.EnumerateFiles(Path.Combine(Repository.Root, "docs"), "*.md"))
            .Concat([Path.Combine(Repository.Root, "native", "README.md"), Path.Combine(Repository.Root, "samples", "models", "README.md")]);
        foreach (var page in pages)
        {
            foreach (Match link in Regex.Matches(File.ReadAllText(page), @"\]\((?<to>[^)#:]+)\)"))
            {
                var target = Path.Combine(Path.GetDirectoryName(page)!, link.Groups["to"].Value);
                Assert.True(Path.Exists(target), $"{page} links to '{link.Groups["to"].Value}', which is not there.");
            }
        }
    }

    private static string Read(string page) => File.ReadAllText(Path.Combine(Repository.Root, page)).ReplaceLineEndings("\n");
}
