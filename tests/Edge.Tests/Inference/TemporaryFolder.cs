namespace Hybrid.Edge.Tests.Inference;

/// <summary>A folder that goes with the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("hybrid-edge-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
