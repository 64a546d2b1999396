namespace Hybrid.Models.Store;

/// <content>Where the store is when nobody says.</content>
public sealed partial class ModelStore
{
    /// <summary>The folder of models where none is configured: <c>models</c> in <c>HYBRID_HOME</c>, else in the user's data folder.</summary>
    /// <remarks>That is <c>XDG_DATA_HOME/hybrid</c> or <c>~/.local/share/hybrid</c>, and <c>LocalAppData\hybrid</c> on Windows.</remarks>
    /// <exception cref="HybridException">The user has no such folder.</exception>
    public static string DefaultRoot => RootFrom(Environment.GetEnvironmentVariable, Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify));

    internal static string RootFrom(Func<string, string?> variable, string localData)
    {
        if (variable("HYBRID_HOME") is { Length: > 0 } home)
            return Path.Combine(Path.GetFullPath(home), "models");
        // A relative XDG folder is to be ignored, its specification says.
        var data = variable("XDG_DATA_HOME") is { Length: > 0 } xdg && Path.IsPathFullyQualified(xdg) && !OperatingSystem.IsWindows() ? xdg : localData;
        return data.Length > 0
            ? Path.Combine(data, "hybrid", "models")
            : throw new HybridException(HybridError.Configuration, "There is no folder for models: this user has no home folder. Nothing was opened. Set HYBRID_HOME, or configure Hybrid:Models:Root.");
    }
}
