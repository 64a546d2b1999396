using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.EnvironmentVariables;

namespace Hybrid.Cli.Policy;

/// <summary>Which source set a key.</summary>
internal static class ConfigurationSources
{
    /// <summary>The last source that has the key, or a key below it, for the last one wins.</summary>
    public static string Of(IConfigurationRoot root, string path) =>
        root.Providers.LastOrDefault(provider => provider.TryGet(path, out _) || provider.GetChildKeys([], path).Any()) switch
        {
            FileConfigurationProvider file => Path.GetFileName(file.Source.Path) ?? "a file",
            EnvironmentVariablesConfigurationProvider => "the environment",
            _ => "the command line",
        };
}
