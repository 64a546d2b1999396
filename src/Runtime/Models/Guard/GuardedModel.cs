using Hybrid.Models.Gguf;
using Hybrid.Storage;

namespace Hybrid.Models.Guard;

/// <summary>A file that passed the guard, and is kept where it is until this is disposed.</summary>
internal sealed class GuardedModel(GgufFile file, IDisposable? lease) : IDisposable
{
    private readonly FileIdentity?[] _identities = Identities(file);

    public GgufFile File => file;

    /// <summary>Refuses what was loaded if another file took the place of one that was checked.</summary>
    /// <exception cref="HybridException">A file was changed or replaced since.</exception>
    public void RequireUnchanged()
    {
        if (!Identities(file).SequenceEqual(_identities))
            throw new HybridException(HybridError.ModelFile, $"Model file '{file.Path}' was changed while it was loaded. It is not used. Load it again when nobody writes to it.");
    }

    public void Dispose() => lease?.Dispose();

    private static FileIdentity?[] Identities(GgufFile file) => [.. file.Parts.Select(part => FileIdentity.Of(part.Path))];
}
