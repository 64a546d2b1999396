using Microsoft.Extensions.Configuration;

namespace Hybrid.Cli;

/// <summary>
/// Where settings come from, the later ones winning: the starter model beside the program, <c>hybrid.json</c>
/// (in the working folder, or named with --config), the environment (<c>Hybrid__Policy=green</c>), the command line.
/// </summary>
internal static class CliConfiguration
{
    public static IConfigurationRoot Load(string? file, IEnumerable<KeyValuePair<string, string?>> commandLine)
    {
        if (file is not null && !File.Exists(file))
            throw new HybridException(HybridError.Configuration, $"--config: '{Path.GetFullPath(file)}' does not exist. Name a JSON file with a \"Hybrid\" section.");

        var path = file ?? (File.Exists("hybrid.json") ? "hybrid.json" : null);
        var builder = new ConfigurationBuilder().AddInMemoryCollection(Defaults());
        if (path is not null)
            builder.AddJsonFile(Path.GetFullPath(path), optional: false, reloadOnChange: false);
        builder.AddEnvironmentVariables().AddInMemoryCollection(commandLine);
        return Build(builder, path);
    }

    /// <summary>One file's settings alone.</summary>
    public static IConfigurationRoot LoadFile(string option, string file) => File.Exists(file)
        ? Build(new ConfigurationBuilder().AddJsonFile(Path.GetFullPath(file), optional: false, reloadOnChange: false), file)
        : throw new HybridException(HybridError.Configuration, $"{option}: '{Path.GetFullPath(file)}' does not exist. Name a JSON file with a \"Hybrid\" section.");

    private static IConfigurationRoot Build(IConfigurationBuilder builder, string? path)
    {
        try
        {
            return builder.Build();
        }
        catch (InvalidDataException exception)
        {
            var reason = exception.InnerException?.InnerException?.Message ?? exception.InnerException?.Message ?? exception.Message;
            throw new HybridException(HybridError.Configuration, $"'{Path.GetFullPath(path!)}' is not valid JSON: {reason} Nothing was started.", exception);
        }
    }

    private static Dictionary<string, string?> Defaults() => new()
    {
        ["Hybrid:Local:ModelPath"] = Path.Combine(AppContext.BaseDirectory, "models", "hybrid-edge-q8_0.gguf"),
    };
}
