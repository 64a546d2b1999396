using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Xml.Linq;
using Hybrid.EndToEnd.Packages;

[assembly: AssemblyFixture(typeof(PackageFeed))]

namespace Hybrid.EndToEnd.Packages;

/// <summary>Every package as <c>dotnet pack</c> makes it of what is built, once for all tests, in a folder that a user's NuGet takes for a feed.</summary>
public sealed class PackageFeed : IAsyncLifetime
{
    /// <summary>A version that is nowhere else, so that no cache answers for it.</summary>
    public const string Version = "0.0.0-consumer";

    private readonly Lazy<Task> _packed;

    public PackageFeed() => _packed = new(PackAsync);

    /// <summary>A folder outside the repository.</summary>
    public string Root { get; } = Directory.CreateTempSubdirectory("hybrid-packages-").FullName;

    public static string Rid => "linux-" + RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();

    /// <summary>What a user's commands see: our packages land in a folder of their own.</summary>
    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string> { ["NUGET_PACKAGES"] = Path.Combine(Root, "packages") };

    private string Folder => Path.Combine(Root, "feed");

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <summary>The ids of all packages.</summary>
    public async Task<IReadOnlyList<string>> PackagesAsync()
    {
        await _packed.Value;
        return [.. Directory.EnumerateFiles(Folder, "*.nupkg").Select(file => Path.GetFileName(file).Replace($".{Version}.nupkg", "", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
    }

    public async Task<ZipArchive> OpenAsync(string package, string extension = "nupkg")
    {
        await _packed.Value;
        return await ZipFile.OpenReadAsync(Path.Combine(Folder, $"{package}.{Version}.{extension}"), TestContext.Current.CancellationToken);
    }

    /// <summary>A package's metadata, by the names of its elements.</summary>
    public async Task<XElement> MetadataAsync(string package)
    {
        using var archive = await OpenAsync(package);
        await using var nuspec = await archive.GetEntry(package + ".nuspec")!.OpenAsync(TestContext.Current.CancellationToken);
        var document = XDocument.Load(nuspec);
        foreach (var element in document.Descendants())
            element.Name = element.Name.LocalName;
        return document.Root!.Element("metadata")!;
    }

    public async ValueTask DisposeAsync()
    {
        if (_packed.IsValueCreated)
            await _packed.Value.ContinueWith(_ => { }, TaskScheduler.Default);
        Directory.Delete(Root, recursive: true);
    }

    private async Task PackAsync()
    {
        // Beside the feed: what the machine has already counts too, so that only ours is new to it. Its other feeds stay as they are.
        var machine = System.Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(System.Environment.GetFolderPath(System.Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        await File.WriteAllTextAsync(Path.Combine(Root, "nuget.config"), $"""
            <configuration>
              <packageSources><add key="packed" value="{Folder}" /></packageSources>
              <fallbackPackageFolders><add key="machine" value="{machine}" /></fallbackPackageFolders>
            </configuration>
            """);
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        await DotnetCommand.RunAsync(Repository.Root, new Dictionary<string, string>(),
            "pack", "Hybrid.sln", "-c", configuration, "--no-build", "-o", Folder, "-v", "q", $"-p:Version={Version}");
    }
}
