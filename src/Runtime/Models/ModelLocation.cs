using System.Diagnostics.CodeAnalysis;
using Hybrid.Models.Store;

namespace Hybrid.Models;

/// <summary>Where a model is, as people write it: the path of a file, or <c>store:NAME:TAG</c>.</summary>
internal static class ModelLocation
{
    public const string Prefix = "store:";

    public static bool IsStored(string location) => location.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase);

    /// <summary>A path from the app's folder on, made whole; a name as it is.</summary>
    public static string Full(string location, string folder) => IsStored(location) ? location : Path.GetFullPath(location, folder);

    /// <summary>The name of a model of the store; null for a path.</summary>
    /// <exception cref="HybridException">It is no name for a model.</exception>
    public static ModelName? NameIn(string location) => IsStored(location) ? ModelName.Parse(location[Prefix.Length..]) : null;

    /// <summary>What is wrong with the name of a model of the store.</summary>
    public static bool IsWrong(string location, [NotNullWhen(true)] out string? problem)
    {
        problem = null;
        return IsStored(location) && !ModelName.TryParse(location[Prefix.Length..], out _, out problem);
    }

    /// <summary>What the model is called where nobody says: the name in the store, or the file's name without its ending.</summary>
    public static string ModelOf(string location) => IsStored(location) ? location[Prefix.Length..] : Path.GetFileNameWithoutExtension(location);
}
