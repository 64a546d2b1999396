namespace Hybrid.EndToEnd;

/// <summary>Where things are in the source tree that a test runs from.</summary>
public static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string EdgeModel => Model("edge");

    public static string CloudModel => Model("cloud");

    private static string Model(string name) => Path.Combine(Root, "samples", "models", $"hybrid-{name}-q8_0.gguf");

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Hybrid.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException($"No Hybrid.sln above '{AppContext.BaseDirectory}'.");
    }
}
