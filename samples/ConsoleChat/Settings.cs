using Hybrid;
using Microsoft.Extensions.Configuration;

namespace ConsoleChat;

/// <summary>appsettings.json beside the program, then the environment, then the command line.</summary>
internal static class Settings
{
    public static IConfigurationRoot Load(string? policy)
    {
        var path = Path.Combine(AppContext.BaseDirectory, "appsettings.json");
        var builder = new ConfigurationBuilder().AddJsonFile(path, optional: false, reloadOnChange: true).AddEnvironmentVariables();
        if (policy is not null)
            builder.AddInMemoryCollection([new("Hybrid:Policy", policy)]);
        try
        {
            return builder.Build();
        }
        catch (InvalidDataException exception)
        {
            var reason = exception.InnerException?.InnerException?.Message ?? exception.InnerException?.Message ?? exception.Message;
            throw new HybridException(HybridError.Configuration, $"'{path}' is not valid JSON: {reason} Nothing was started.", exception);
        }
    }
}
