namespace Hybrid.EndToEnd;

/// <summary><c>hybrid</c> as docs/command-line.md publishes it, where HYBRID_LONG_TESTS is 1: compiling it takes minutes of processor time.</summary>
public sealed class OneFile : IAsyncLifetime
{
    public static bool IsTested { get; } = Environment.GetEnvironmentVariable("HYBRID_LONG_TESTS") == "1";

    public string Folder { get; } = Directory.CreateTempSubdirectory("hybrid-one-file").FullName;

    public string Program => Path.Combine(Folder, OperatingSystem.IsWindows() ? "hybrid.exe" : "hybrid");

    public async ValueTask InitializeAsync()
    {
        if (!IsTested) return;
        using var publish = ChildProcess.StartProgram("dotnet", "publish", Path.Combine(Repository.Root, "src/Cli"), "-c", "Release", "--use-current-runtime", "-p:OneFile=true", "-o", Folder, "--nologo");
        var ended = await publish.EndAsync(TimeSpan.FromMinutes(9));
        Assert.True(ended.ExitCode == 0, ended.Output);
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(Folder, recursive: true);
        return ValueTask.CompletedTask;
    }
}
