using Hybrid.Models.Pull.Choice;

namespace Hybrid.Models.Pull.Sources;

/// <summary>Models in files of this machine: they are copied, and hashed on the way.</summary>
internal sealed class FileSource : IModelSource
{
    public Task<RemoteModel> FindAsync(ModelReference reference, CancellationToken cancellationToken)
    {
        var folder = Path.GetDirectoryName(reference.Location)!;
        var files = SplitName.AllOf(Path.GetFileName(reference.Location))
            .Select(name => (RemoteFile)LocalFile.Of(Path.Combine(folder, name), name, reference.Sha256))
            .ToList();
        return Task.FromResult(new RemoteModel(reference.ToString(), null, null, files));
    }
}
