namespace Hybrid.CloudWorker.Tests;

/// <summary>Where things are in the source tree that a test runs from.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string EdgeModel => Path.Combine(Root, "samples", "models", "hybrid-edge-q8_0.gguf");

    public static string CloudModel => Path.Combine(Root, "samples", "models", "hybrid-cloud-q8_0.gguf");

    public static string Proto => Path.Combine(Root, "src", "Runtime", "Protocol", "decode.proto");

    public static string Clients => Path.Combine(Root, "tests", "CloudWorker.Tests", "clients");

    public static string Worker => Path.Combine(AppContext.BaseDirectory, "hybrid-worker.dll");

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Hybrid.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException($"No Hybrid.sln above '{AppContext.BaseDirectory}'.");
    }
}
