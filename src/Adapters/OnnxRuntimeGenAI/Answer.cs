using System.Text;
using Hybrid.Engines.Text;
using Hybrid.Targets;
using Microsoft.ML.OnnxRuntimeGenAI;

namespace Hybrid.Adapters.OnnxRuntimeGenAI;

/// <summary>One request with its generator.</summary>
internal sealed class Answer : IDisposable
{
    private readonly GeneratorParams _parameters;
    private readonly Generator _generator;
    private readonly TokenizerStream _words;
    private readonly TextAssembler _text;
    private readonly HashSet<int> _ends;
    private readonly int[] _prompt;
    private readonly int _maxTokens;
    private readonly TimeProvider _time;
    private readonly long _acceptedAt;
    private long _startedAt;
    private long _firstAt;

    public Answer(Model model, Tokenizer tokenizer, HashSet<int> ends, DecodeRequest request, int[] prompt, int maxTokens, long accepted, TimeProvider time)
    {
        (_ends, _prompt, _maxTokens, _acceptedAt, _time) = (ends, prompt, maxTokens, accepted, time);
        _text = new(request.StopSequences);
        _parameters = new(model);
        SearchOptions.Apply(request.Sampling, prompt.Length + maxTokens, _parameters);
        _generator = new(model, _parameters);
        _words = tokenizer.CreateStream();
    }

    /// <summary>Tokens decoded.</summary>
    public int Produced { get; private set; }

    /// <summary>Computes the prompt, in one piece.</summary>
    public bool Prefill()
    {
        _startedAt = _time.GetTimestamp();
        _generator.AppendTokens(_prompt);
        return true;
    }

    /// <summary>One token more.</summary>
    public DecodeUpdate Next()
    {
        _generator.GenerateNextToken();
        var token = _generator.GetNextTokens()[0];
        var now = _time.GetTimestamp();
        if (Produced == 0)
            _firstAt = now;
        if (_ends.Contains(token))
            return Complete("", 0, DecodeFinish.Stop, now);
        Produced++;
        var text = _text.Append(Encoding.UTF8.GetBytes(_words.Decode(token)));
        return _text.Stopped ? Complete(text, 1, DecodeFinish.Stop, now)
            : Produced >= _maxTokens || _generator.IsDone() ? Complete(text, 1, DecodeFinish.Length, now)
            : new(text, 1) { TokenIndex = Produced - 1 };
    }

    public void Dispose()
    {
        _words.Dispose();
        _generator.Dispose();
        _parameters.Dispose();
    }

    private DecodeUpdate Complete(string text, int tokens, DecodeFinish finish, long now) => new(text + _text.Flush(), tokens, new()
    {
        Finish = finish,
        PromptTokens = _prompt.Length,
        OutputTokens = Produced,
        QueueTime = _time.GetElapsedTime(_acceptedAt, _startedAt),
        PrefillTime = _time.GetElapsedTime(_startedAt, _firstAt),
        DecodeTime = _time.GetElapsedTime(_firstAt, now),
    })
    {
        TokenIndex = Produced - tokens,
    };
}
