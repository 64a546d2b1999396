namespace Hybrid.Models.Store;

/// <summary>A file of a model.</summary>
/// <param name="Path">Relative to the model, '/'-separated.</param>
/// <param name="Size">Bytes, above 0.</param>
/// <param name="Sha256">64 hexadecimal digits in lower case.</param>
public sealed record ModelFile(string Path, long Size, string Sha256)
{
    /// <summary>Where it is when the store only refers to it.</summary>
    /// <value>Null: its bytes are in the store.</value>
    public OutsideFile? Outside { get; init; }
}

/// <summary>A file that was imported in place: it stays where it is and belongs to whoever put it there.</summary>
/// <param name="Path">Absolute.</param>
/// <param name="Modified">When it was last written, as its file system says; another time means that the file is another one.</param>
public sealed record OutsideFile(string Path, DateTimeOffset Modified);
