using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Hybrid.EndToEnd.Peers;

/// <summary>node-llama-cpp in a process of its own, over the same libraries: what our engine is compared with.</summary>
public sealed class NodeLlama : IDisposable
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);
    private readonly Process _process;

    private NodeLlama(Process process) => _process = process;

    public static async Task<NodeLlama> StartAsync(string modelPath, int threads, int contextLength)
    {
        var start = new ProcessStartInfo("node")
        {
            WorkingDirectory = Path.Combine(Repository.Root, "tests", "Peers"),
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        foreach (var argument in new[] { "llama.mjs", modelPath, threads.ToString(CultureInfo.InvariantCulture), contextLength.ToString(CultureInfo.InvariantCulture) })
            start.ArgumentList.Add(argument);
        var peer = new NodeLlama(Process.Start(start)!);
        await peer.ReadLineAsync();
        return peer;
    }

    /// <summary>Greedy tokens for a text prompt, special tokens parsed.</summary>
    public Task<Answer> GenerateAsync(string prompt, int maxTokens, bool ignoreEnd = false) => AskAsync(new { prompt, maxTokens, ignoreEnd });

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(2000))
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private async Task<Answer> AskAsync(object request)
    {
        await _process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(request, Json));
        await _process.StandardInput.FlushAsync();
        return JsonSerializer.Deserialize<Answer>(await ReadLineAsync(), Json)!;
    }

    private async Task<string> ReadLineAsync() =>
        await _process.StandardOutput.ReadLineAsync()
        ?? throw new InvalidOperationException("node-llama-cpp ended without an answer; see its messages above.");

    public sealed record Answer(int[] PromptTokens, int[] Tokens, double PrefillMilliseconds, double DecodeMilliseconds);
}
