using System.CommandLine;

namespace Hybrid.Cli.Fleet;

/// <summary>The operator's private key.</summary>
/// <param name="Name">What the devices call it.</param>
/// <param name="Pem">The key itself.</param>
internal sealed record SigningKey(string Name, string Pem)
{
    public static Option<string> FileOption() => new("--key") { Description = "The operator's private key, a file of 'hybrid fleet keygen'.", Required = true };

    public static Option<string?> NameOption() => new("--key-name") { Description = "What the devices call the key under Hybrid:Fleet:TrustedKeys; default: the file's name without its ending." };

    public static SigningKey Read(string file, string? name)
    {
        try
        {
            return new(name ?? Path.GetFileNameWithoutExtension(file), File.ReadAllText(file));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new HybridException(HybridError.InvalidRequest, $"--key: '{Path.GetFullPath(file)}' cannot be read: {failure.Message} Nothing was sent. 'hybrid fleet keygen' makes a key.", failure);
        }
    }
}
