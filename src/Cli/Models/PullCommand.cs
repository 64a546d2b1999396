using System.CommandLine;
using System.Text.Json;
using Hybrid.Configuration;
using Hybrid.Models.Pull;
using Hybrid.Models.Store;

namespace Hybrid.Cli.Models;

/// <summary><c>hybrid models pull</c>: fetches a model into the store, or goes on where a pull was ended.</summary>
internal static class PullCommand
{
    public static Command Create()
    {
        var (config, store, json) = (ModelSettings.ConfigOption(), ModelSettings.StoreOption(), new Option<bool>("--json") { Description = "JSON lines on standard output, the model in the last one." });
        var reference = new Argument<string>("MODEL") { Description = "hf:Qwen/Qwen3-0.6B-GGUF:Q8_0, hf:owner/repo/file.gguf@revision, mirror:…, https://…, file:…, or a model of the catalogue." };
        var name = new Option<string?>("--name") { Description = "What it is called in the store, such as qwen3-0.6b:q8_0; default: as its source calls it." };
        var speed = new Option<string?>("--speed") { Description = "Bytes per second at most, such as 2MiB." };
        var connections = new Option<int?>("--connections") { Description = "Connections at most, 1 to 64." };
        var command = new Command("pull", "Fetch a model into the store; a pull that was ended goes on where it was.") { reference, name, speed, connections, config, store, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var settings = ModelSettings.Open(parsed.GetValue(config), parsed.GetValue(store));
            var options = (settings.Options.Models ?? new()).Pulling(TimeProvider.System);
            options = options with { Connections = parsed.GetValue(connections) ?? options.Connections, BytesPerSecond = Speed(parsed.GetValue(speed)) };
            var from = PullSource.Of(settings, parsed.GetRequiredValue(reference), Console.Error);
            var called = parsed.GetValue(name) is { } text ? ModelName.Parse(text) : from.Name;
            var asJson = parsed.GetValue(json);
            IProgress<PullProgress> progress = asJson ? new PullProgressLines(Console.Out) : new PullProgressBar(Console.Error, Console.IsErrorRedirected ? null : Console.WindowWidth);
            using var puller = new ModelPuller(settings.Store, options);
            var manifest = await puller.PullAsync(from.Reference, called, progress, cancellationToken);
            var pulled = new PulledModel(manifest.Name.ToString(), manifest.Size, manifest.Source, manifest.Revision, manifest.Licence, [.. manifest.Files.Select(file => new ShownFile(file.Path, file.Size, file.Sha256, null))]);
            if (asJson) await Console.Out.WriteLineAsync(JsonSerializer.Serialize(pulled, ModelsJson.Default.PulledModel));
            else await Console.Out.WriteLineAsync($"Model '{manifest.Name}' is in the store: {ByteSize.Text(manifest.Size)}, verified. Use it as store:{manifest.Name}.");
            return ExitCode.Done;
        });
        return command;
    }

    private static double? Speed(string? text) => text is null ? null
        : ByteSize.TryParse(text, out var bytes) ? bytes
        : throw new HybridException(HybridError.InvalidRequest, $"--speed: '{text}' is not an amount of bytes; write {ByteSize.Example}.");
}
