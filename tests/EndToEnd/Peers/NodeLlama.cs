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

    /// <summary>Its process, to tell its load from that of others.</summary>
    public int Id => _process.Id;

    public static async Task<NodeLlama> StartAsync(string modelPath, int threads, int contextLength, int sequences = 1)
    {
        var start = new ProcessStartInfo("node")
        {
            WorkingDirectory = Path.Combine(Repository.Root, "tests", "Peers"),
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.ArgumentList.Add("llama.mjs");
        start.ArgumentList.Add(modelPath);
        foreach (var number in new[] { threads, contextLength, sequences })
            start.ArgumentList.Add(number.ToString(CultureInfo.InvariantCulture));
        var peer = new NodeLlama(Process.Start(start)!);
        await peer.ReadLineAsync();
        return peer;
    }

    /// <summary>Greedy tokens for a text prompt, special tokens parsed.</summary>
    public Task<Answer> GenerateAsync(string prompt, int maxTokens, bool ignoreEnd = false) => AskAsync<Answer>(new { prompt, maxTokens, ignoreEnd });

    /// <summary>Greedy tokens for token ids.</summary>
    public Task<Answer> GenerateAsync(int[] tokens, int maxTokens, bool ignoreEnd = false) => AskAsync<Answer>(new { tokens, maxTokens, ignoreEnd });

    /// <summary>Greedy tokens for several prompts at once, each in a sequence of the same context.</summary>
    public Task<Answers> GenerateAsync(int[][] streams, int maxTokens, bool ignoreEnd = false) => AskAsync<Answers>(new { streams, maxTokens, ignoreEnd });

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(2000))
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private async Task<T> AskAsync<T>(object request)
    {
        await _process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(request, Json));
        await _process.StandardInput.FlushAsync();
        return JsonSerializer.Deserialize<T>(await ReadLineAsync(), Json)!;
    }

    private async Task<string> ReadLineAsync() =>
        await _process.StandardOutput.ReadLineAsync()
        ?? throw new InvalidOperationException("node-llama-cpp ended without an answer; see its messages above.");

    public sealed record Answer(int[] PromptTokens, int[] Tokens, double PrefillMilliseconds, double DecodeMilliseconds);

    public sealed record Answers(Answer[] Items, double Milliseconds);
}
