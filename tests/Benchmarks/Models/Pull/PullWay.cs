using Hybrid.EndToEnd;

namespace Hybrid.Benchmarks.Models.Pull;

/// <summary>A way to get a verified file.</summary>
/// <param name="Name">For the table.</param>
/// <param name="Command">What is run for an endpoint, into a folder.</param>
internal sealed record PullWay(string Name, Func<string, string, string[]> Command)
{
    public const string Ours = "Hybrid, 8 connections, SHA-256 on the way, flushed to the disk";
    public const string Aria = "aria2c -x8 -k1M, then sha256sum";
    public const string Curl = "curl, then sha256sum";

    public static IReadOnlyList<PullWay> All { get; } =
    [
        new(Ours, (endpoint, folder) => ["dotnet", ChildProcess.PathOf("tests/SecondProcess", "Hybrid.SecondProcess"), "pull", folder, endpoint, $"hf:{FileServer.Repository}:Q8_0", "8", $"{16 << 20}"]),
        new(Aria, (endpoint, folder) => Shell($"aria2c -q -x8 -s8 -k1M --file-allocation=none -d {folder} -o out {Address(endpoint)} && sha256sum {folder}/out")),
        new(Curl, (endpoint, folder) => Shell($"curl -sSf -o {folder}/out {Address(endpoint)} && sha256sum {folder}/out")),
    ];

    /// <summary>Whether its program is there.</summary>
    public bool IsHere => Name switch
    {
        Aria => IsProgram("aria2c"),
        Curl => IsProgram("curl"),
        _ => true,
    };

    private static string[] Shell(string line) => ["sh", "-c", line];

    private static string Address(string endpoint) => $"{endpoint}/{FileServer.Repository}/resolve/main/{FileServer.FileName}";

    private static bool IsProgram(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, name)));
}
