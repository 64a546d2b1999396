using System.Text;
using Hybrid.CloudConnector.Answers;
using Hybrid.CloudConnector.OpenInference.Protocol;
using Hybrid.Protocol;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.OpenInference;

/// <summary>Puts one answer together from the responses of a server, and decides how it ended.</summary>
/// <remarks>
/// Where a server tells no finish reason, an answer of as many tokens as were allowed ended by its length and any other by itself;
/// where it tells no counts, each streamed response with text counts as a token and other texts are estimated from their bytes.
/// </remarks>
internal sealed class InferAnswer(DecodeRequest request, string prompt, ModelTensors model, OpenInferenceTargetOptions options)
{
    private readonly AnswerText _text = new(request.StopSequences);
    private string _finish = "";
    private int? _promptTokens;
    private int _tokens;

    /// <summary>Whether the last response was taken.</summary>
    public bool IsFinal { get; private set; }

    /// <summary>Whether a stop string ended it; what the server still says is of no interest.</summary>
    public bool Stopped => _text.Stopped;

    /// <exception cref="GrpcException">The response breaks the protocol.</exception>
    public DecodeUpdate Take(ModelInferResponse response, bool isFinal)
    {
        if (IsFinal)
            throw Wrong("it went on after its final response");
        if (response.Id.Length > 0 && request.Id.Length > 0 && response.Id != request.Id)
            throw Wrong($"it answered another request ('{(response.Id.Length > 64 ? response.Id[..64] : response.Id)}')");
        IsFinal = isFinal;
        var bytes = OutputTensor.Bytes(response, options.TextOutput);
        if (bytes is null && !(isFinal && options.Streaming && response.Outputs.Count == 0)) // Triton's flag may come alone
            throw Wrong($"a response has no text in '{options.TextOutput}'");
        if (OutputTensor.Bytes(response, ModelTensors.Finish)?.ToStringUtf8() is { } finish and not "None")
            _finish = finish;
        _promptTokens = OutputTensor.Count(response, ModelTensors.InputCount) ?? _promptTokens;
        var text = bytes is null ? "" : Checked(() => _text.Append(bytes.Span));
        var tokens = OutputTensor.Count(response, ModelTensors.OutputCount) ?? Estimate(bytes?.Length ?? 0);
        _tokens = (int)Math.Min((long)_tokens + tokens, int.MaxValue);
        return new(text, tokens);
    }

    /// <summary>What was held back, and how it ended.</summary>
    /// <exception cref="GrpcException">It broke off, or within a character.</exception>
    public DecodeUpdate End()
    {
        if (Stopped)
            return new("", 0, Completion(DecodeFinish.Stop));
        if (!IsFinal)
            throw Wrong("the stream ended without a final response");
        return new(Checked(_text.Flush), 0, Completion(Finish()));
    }

    private DecodeCompletion Completion(DecodeFinish finish) =>
        new() { Finish = finish, PromptTokens = _promptTokens ?? TokenEstimate.OfText(prompt), OutputTokens = _tokens };

    private DecodeFinish Finish() => _finish switch
    {
        "stop" => DecodeFinish.Stop,
        "length" => DecodeFinish.Length,
        "" when model.Has(ModelTensors.WantsFinish) => throw Wrong("it ended without the finish reason that it was asked for"),
        "" => _tokens >= request.MaxTokens ? DecodeFinish.Length : DecodeFinish.Stop,
        var other => throw Wrong($"it ended with the finish reason '{(other.Length > 64 ? other[..64] : other)}'"),
    };

    private int Estimate(int bytes) => bytes == 0 ? 0 : options.Streaming ? 1 : TokenEstimate.OfBytes(bytes);

    private static string Checked(Func<string> decode)
    {
        try
        {
            return decode();
        }
        catch (DecoderFallbackException)
        {
            throw Wrong("its text is not UTF-8");
        }
    }

    private static GrpcException Wrong(string what) => new(GrpcStatus.Internal, what) { IsLocal = true };
}
