using BenchmarkDotNet.Attributes;
using Hybrid.Chat;
using Hybrid.EndToEnd;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Engines.LlamaCpp.Native;
using Hybrid.Policy;
using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.Benchmarks;

/// <summary>What reading a request of 2,000 tokens costs besides its tokenisation.</summary>
[MemoryDiagnoser]
public class ProfileBenchmarks
{
    private const int Tokens = 2000;
    private readonly LlamaModel _model = Load();
    private readonly ChatOptions _options = new ChatOptions { MaxOutputTokens = 200 }.WithPrivacy(PrivacyClass.Internal).WithDeadline(TimeSpan.FromSeconds(5));
    private readonly PolicySet _policies = new(PolicyPresets.Balanced, PrivacyClass.Internal, []);
    private readonly string _text;
    private readonly ChatMessage[] _messages;
    private readonly ChatRequestReader _reader;

    public ProfileBenchmarks()
    {
        _text = string.Concat(HeldOut.Prompts().Select(prompt => prompt + " "));
        while (_model.Tokenize(_text, addSpecial: false, parseSpecial: true).Length < Tokens)
            _text += _text;
        var words = _text.Split(' ');
        var taken = words.Length;
        for (var step = taken / 2; step > 0; step /= 2)
        {
            if (_model.Tokenize(string.Join(' ', words.Take(taken - step)), addSpecial: false, parseSpecial: true).Length >= Tokens)
                taken -= step;
        }

        _text = string.Join(' ', words.Take(taken));
        _messages = [new(ChatRole.User, _text)];
        var prompts = new PromptTokens(_model);
        _reader = new([], turns => prompts.Of(new MessagesPrompt(turns), "").Length, new(), TimeProvider.System);
    }

    [Benchmark(Baseline = true)]
    public int Tokenisation() => _model.Tokenize(_text, addSpecial: false, parseSpecial: true).Length;

    /// <summary>Options, messages, the model's chat template and the same tokenisation.</summary>
    [Benchmark]
    public object Profile() => _reader.Read("id", _messages, _options, _policies);

    private static LlamaModel Load()
    {
        NativeLibraries.EnsureLoaded(null);
        return LlamaModel.LoadAsync(Repository.EdgeModel, 0, null, default).GetAwaiter().GetResult();
    }
}
