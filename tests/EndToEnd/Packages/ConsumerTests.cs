using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Hybrid.EndToEnd.Packages;

/// <summary>What a user does with the packages, from the README to an answer, outside the repository.</summary>
public class ConsumerTests(PackageFeed feed)
{
    private const string Answer = "pump-3 reads 91 C, over its limit of 80 C. Slow it down, then check the cooling.";
    private static readonly string Snippets = Path.Combine(Repository.Root, "tests", "EndToEnd", "Packages", "Consumer");

    [Theory]
    [InlineData("csharp", "Program.cs")]
    [InlineData("json", "appsettings.json")]
    public void The_readme_shows_the_files_that_are_run_here(string language, string file)
    {
        var shown = Regex.Match(ReadMe, $"```{language}\n(?<text>.*?)```", RegexOptions.Singleline).Groups["text"].Value;
        Assert.Equal(File.ReadAllText(Path.Combine(Snippets, file)).ReplaceLineEndings("\n"), shown);
    }

    /// <summary>The packages and the files of the README, built and run as they stand, then published for one platform and run from there.</summary>
    [Fact]
    public async Task An_app_made_of_the_readme_answers()
    {
        await feed.PackagesAsync();
        var app = Path.Combine(feed.Root, "app");
        await DotnetCommand.RunAsync(feed.Root, feed.Environment, "new", "console", "-o", "app", "--no-restore");
        foreach (var file in Directory.EnumerateFiles(Snippets))
            File.Copy(file, Path.Combine(app, Path.GetFileName(file)), overwrite: true);
        await AddAsync(Path.Combine(app, "app.csproj"));

        // Without the pool of appsettings.json, and without the host's log in between.
        var environment = new Dictionary<string, string>(feed.Environment) { ["Hybrid__Policy"] = "offline", ["Logging__LogLevel__Default"] = "Error" };
        PlaceModel(Path.Combine(app, "bin", "Release", "net10.0"));
        Assert.Equal(Answer, await DotnetCommand.RunAsync(app, environment, "run", "-c", "Release"));
        Assert.True(File.Exists(Path.Combine(app, "bin", "Release", "net10.0", "runtimes", PackageFeed.Rid, "native", "libggml-base.so")));

        var published = Path.Combine(feed.Root, "published");
        await DotnetCommand.RunAsync(app, environment, "publish", "-r", PackageFeed.Rid, "--self-contained", "false", "-o", published, "-v", "q");
        Assert.True(File.Exists(Path.Combine(published, "libggml-base.so")));
        PlaceModel(published);
        Assert.Equal(Answer, await DotnetCommand.RunAsync(app, environment, Path.Combine(published, "app.dll")));

        // What the user is told who left the native package out.
        foreach (var library in Directory.EnumerateFiles(published, "lib*.so"))
            File.Delete(library);
        var refusal = await Assert.ThrowsAnyAsync<Exception>(() => DotnetCommand.RunAsync(app, environment, Path.Combine(published, "app.dll")));
        Assert.Contains($"dotnet add package Hybrid.Native.LlamaCpp.{PackageFeed.Rid}", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_tool_installs_and_answers()
    {
        await feed.PackagesAsync();
        await DotnetCommand.RunAsync(feed.Root, feed.Environment, "tool", "install", "Hybrid.Cli", "--version", PackageFeed.Version, "--tool-path", "tools");
        var answer = await DotnetCommand.RunAsync(Path.Combine(feed.Root, "tools", "hybrid"), feed.Root, feed.Environment, "run", "pump-3 reads 91 C, its limit is 80 C. What now?");
        Assert.StartsWith(Answer, answer, StringComparison.Ordinal);
    }

    private static string ReadMe => File.ReadAllText(Path.Combine(Repository.Root, "README.md")).ReplaceLineEndings("\n");

    /// <summary>The README's <c>dotnet add package</c> lines, all at once: one restore instead of one for each.</summary>
    private static async Task AddAsync(string project)
    {
        var central = XDocument.Load(Path.Combine(Repository.Root, "Directory.Packages.props")).Descendants("PackageVersion")
            .ToDictionary(one => one.Attribute("Include")!.Value, one => one.Attribute("Version")!.Value);
        var packages = Regex.Matches(ReadMe, @"^dotnet add package (?<id>\S+)$", RegexOptions.Multiline).Select(line => line.Groups["id"].Value).ToList();
        Assert.Contains("Hybrid.Native.LlamaCpp.linux-x64", packages);
        var document = XDocument.Load(project);
        document.Root!.Add(new XElement("ItemGroup", packages
            .Select(id => id.Replace("linux-x64", PackageFeed.Rid, StringComparison.Ordinal))
            .Select(id => new XElement("PackageReference", new XAttribute("Include", id), new XAttribute("Version", central.GetValueOrDefault(id, PackageFeed.Version))))));
        await File.WriteAllTextAsync(project, document.ToString());
    }

    private static void PlaceModel(string folder)
    {
        Directory.CreateDirectory(Path.Combine(folder, "models"));
        File.Copy(Repository.EdgeModel, Path.Combine(folder, "models", Path.GetFileName(Repository.EdgeModel)));
    }
}
