using System.Xml.Linq;
using Hybrid.Engines.LlamaCpp.Native;

namespace Hybrid.EndToEnd.Packages;

/// <summary>What is in the packages, and what is not.</summary>
public class PackageTests(PackageFeed feed)
{
    private static readonly string[] Libraries = ["Hybrid.CloudConnector", "Hybrid.Edge", "Hybrid.Runtime"];
    private static readonly string[] Natives = [.. NativeLibraries.Packaged.Select(rid => "Hybrid.Native.LlamaCpp." + rid)];

    [Fact]
    public async Task There_are_these_and_no_others() =>
        Assert.Equal(["Hybrid.Cli", .. ((string[])[.. Libraries, .. Natives]).Order(StringComparer.Ordinal)], await feed.PackagesAsync());

    [Fact]
    public async Task Each_says_what_it_is_whose_and_on_what_terms()
    {
        foreach (var package in await feed.PackagesAsync())
        {
            var about = await feed.MetadataAsync(package);
            string Text(string name) => about.Element(name)?.Value ?? throw new InvalidOperationException($"{package} has no {name}.");
            Assert.Equal(("MIT", "README.md", "The Hybrid authors"), (Text("license"), Text("readme"), Text("authors")));
            Assert.NotEqual("Package Description", Text("description"));
            Assert.NotEmpty(Text("tags"));

            // The commit is known; where the repository lies is for whoever publishes it to say.
            var repository = about.Element("repository");
            Assert.Matches("^[0-9a-f]{40}$", repository?.Attribute("commit")?.Value);
            Assert.Null(repository?.Attribute("url"));
            Assert.Null(about.Element("projectUrl"));
        }
    }

    [Fact]
    public async Task Each_has_its_page_its_licence_and_the_notices()
    {
        foreach (var package in await feed.PackagesAsync())
        {
            Assert.Equal(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "packages.md")), await TextAsync(package, "README.md"));
            Assert.Equal(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "LICENSE")), await TextAsync(package, "LICENSE"));
            Assert.Equal(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "THIRD-PARTY-NOTICES.txt")), await TextAsync(package, "THIRD-PARTY-NOTICES.txt"));
        }
    }

    [Fact]
    public async Task A_library_has_its_documentation_and_its_symbols_and_names_no_folder_of_the_machine()
    {
        foreach (var package in Libraries)
        {
            Assert.Equal([$"lib/net10.0/{package}.dll", $"lib/net10.0/{package}.xml"], await FilesAsync(package, "lib/"));
            Assert.Empty(await FilesAsync(package, "runtimes/"));
            Assert.Equal([$"lib/net10.0/{package}.pdb"], await FilesAsync(package, "lib/", "snupkg"));
            if (AppContext.BaseDirectory.Contains("Release", StringComparison.Ordinal))
                Assert.DoesNotContain(Repository.Root, await TextAsync(package, $"lib/net10.0/{package}.dll"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Ours_depend_on_each_other_in_one_version_alone()
    {
        var ours = new List<string>();
        foreach (var package in await feed.PackagesAsync())
        {
            var dependencies = (await feed.MetadataAsync(package)).Descendants("dependency").Where(one => one.Attribute("id")!.Value.StartsWith("Hybrid.", StringComparison.Ordinal));
            ours.AddRange(dependencies.Select(one => $"{package} {one.Attribute("id")!.Value} {one.Attribute("version")!.Value}"));
        }

        Assert.Equal([$"Hybrid.CloudConnector Hybrid.Runtime [{PackageFeed.Version}]", $"Hybrid.Edge Hybrid.Runtime [{PackageFeed.Version}]"], ours);
    }

    [Fact]
    public async Task A_native_package_is_the_build_that_was_pinned_without_what_we_do_not_use()
    {
        foreach (var rid in NativeLibraries.Packaged)
        {
            var built = Directory.EnumerateFiles(Path.Combine(Repository.Root, "native", "node_modules", "@node-llama-cpp", rid, "bins", rid), "*.so")
                .Where(file => Path.GetFileName(file) != "libllama-common.so");
            var packed = await FilesAsync("Hybrid.Native.LlamaCpp." + rid, "runtimes/");
            Assert.Equal(built.Select(file => $"runtimes/{rid}/native/{Path.GetFileName(file)}").Order(StringComparer.Ordinal), packed);
            Assert.Contains($"runtimes/{rid}/native/libllama.v{NativeLibraries.Version}.so", packed);
            Assert.Empty(await FilesAsync("Hybrid.Native.LlamaCpp." + rid, "lib/"));
        }
    }

    [Fact]
    public async Task The_tool_has_the_libraries_of_every_platform_the_starter_model_and_notices_for_all_that_is_not_ours()
    {
        const string root = "tools/net10.0/any/";
        var files = (await FilesAsync("Hybrid.Cli", root)).Select(file => file[root.Length..]).ToList();
        foreach (var rid in NativeLibraries.Packaged)
            Assert.Equal(await FilesAsync("Hybrid.Native.LlamaCpp." + rid, "runtimes/"), files.Where(file => file.StartsWith($"runtimes/{rid}/", StringComparison.Ordinal)));
        Assert.Equal(["models/hybrid-edge-q8_0.gguf"], files.Where(file => file.EndsWith(".gguf", StringComparison.Ordinal)));

        var notices = await TextAsync("Hybrid.Cli", "THIRD-PARTY-NOTICES.txt");
        var others = files.Where(file => file.EndsWith(".dll", StringComparison.Ordinal)).Select(file => Path.GetFileNameWithoutExtension(file))
            .Where(name => !name.StartsWith("hybrid", StringComparison.OrdinalIgnoreCase)).ToList();
        Assert.NotEmpty(others);
        // One name stands for a family: Microsoft.Extensions.Logging for Microsoft.Extensions.Logging.Console.
        Assert.All(others, name => Assert.Contains(Families(name), family => notices.Contains(family, StringComparison.Ordinal)));
    }

    private static IEnumerable<string> Families(string name)
    {
        var parts = name.Split('.');
        return Enumerable.Range(2, Math.Max(parts.Length - 1, 0)).Where(count => count == parts.Length || count >= 3).Select(count => string.Join('.', parts[..count]));
    }

    private async Task<IReadOnlyList<string>> FilesAsync(string package, string folder, string extension = "nupkg")
    {
        using var archive = await feed.OpenAsync(package, extension);
        return [.. archive.Entries.Select(entry => entry.FullName).Where(name => name.StartsWith(folder, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
    }

    private async Task<string> TextAsync(string package, string file)
    {
        using var archive = await feed.OpenAsync(package);
        using var reader = new StreamReader(await archive.GetEntry(file)!.OpenAsync(TestContext.Current.CancellationToken));
        return await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
    }
}
