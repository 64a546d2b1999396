using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using Hybrid.Configuration;
using Hybrid.Models.Signing;

namespace Hybrid.Cli.Fleet;

/// <summary><c>hybrid fleet keygen</c>: makes the pair with which an operator signs.</summary>
internal static class KeygenCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("NAME") { Description = "What the devices will call the key, such as ops." };
        var folder = new Option<string>("--out") { Description = "The folder for NAME.key and NAME.pub.", DefaultValueFactory = _ => "." };
        var curve = new Option<string>("--curve") { Description = "p256 or p384.", DefaultValueFactory = _ => "p256" };
        curve.AcceptOnlyFromAmong("p256", "p384");
        var command = new Command("keygen", "Make a pair of keys: NAME.key stays with the operator, NAME.pub goes to the devices.") { name, folder, curve };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (called, to) = (parsed.GetRequiredValue(name), Path.GetFullPath(parsed.GetRequiredValue(folder)));
            if (!FleetReader.IsName(called)) throw new HybridException(HybridError.InvalidRequest, $"'{FleetSettings.Plain(called)}' is not a name of letters, digits, hyphens, underscores and dots. Nothing was made.");
            using var pair = ECDsa.Create(parsed.GetRequiredValue(curve) == "p384" ? ECCurve.NamedCurves.nistP384 : ECCurve.NamedCurves.nistP256);
            var (secret, shared) = (Path.Combine(to, called + ".key"), Path.Combine(to, called + ".pub"));
            try
            {
                Directory.CreateDirectory(to);
                Write(secret, pair.ExportPkcs8PrivateKeyPem(), isSecret: true);
                Write(shared, pair.ExportSubjectPublicKeyInfoPem(), isSecret: false);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                throw new HybridException(HybridError.Storage, $"The keys could not be written: {failure.Message} What was there is unchanged. Choose another name or folder.", failure);
            }

            var key = TrustedKey.Parse(called, await File.ReadAllTextAsync(shared, cancellationToken));
            await Console.Out.WriteLineAsync($"{secret}  keep it to yourself: whoever has it says what the devices do");
            await Console.Out.WriteLineAsync($"{shared}  {key.Algorithm}, {key.Fingerprint}; give its path to the devices as Hybrid:Fleet:TrustedKeys:{called}");
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>Writes a new file, never over one that is there.</summary>
    private static void Write(string path, string text, bool isSecret)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = isSecret ? UnixFileMode.UserRead | UnixFileMode.UserWrite : UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        using var file = new FileStream(path, options);
        file.Write(Encoding.ASCII.GetBytes(text + "\n"));
    }
}
