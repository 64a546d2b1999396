using System.Text;
using Hybrid.Chat;
using Hybrid.CloudConnector.Answers;
using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.CloudConnector.ChatClients;

/// <summary>Puts one answer together from a client's updates, and decides how it ended.</summary>
/// <remarks>
/// Updates count fewer tokens rather than more, since one may be long; the last update makes up for it, by the usage that the client
/// told or by an estimate from all the text.
/// </remarks>
internal sealed class ChatAnswer(DecodeRequest request, TargetDescriptor descriptor, bool reportsFinish)
{
    private const int LongTokenBytes = 8;
    private readonly AnswerText _text = new(request.StopSequences);
    private readonly UsageDetails _usage = new();
    private ChatFinishReason? _finish;
    private int _calls;
    private int _tokens;
    private int _bytes;

    /// <summary>Whether a stop string ended it.</summary>
    public bool Stopped => _text.Stopped;

    /// <exception cref="HybridException">The update tells of a failure, or holds what is no text.</exception>
    public IReadOnlyList<DecodeUpdate> Take(ChatResponseUpdate update)
    {
        _finish = update.FinishReason ?? _finish;
        List<DecodeUpdate> pieces = [];
        foreach (var content in update.Contents)
        {
            switch (content)
            {
                case TextReasoningContent:
                    break; // thoughts are no part of the answer
                case TextContent text:
                    pieces.Add(Piece(text.Text));
                    break;
                case FunctionCallContent call:
                    _calls++;
                    pieces.Add(Piece("") with { ToolCall = ToolJson.Call(call) });
                    break;
                case UsageContent usage:
                    _usage.Add(usage.Details);
                    break;
                case ErrorContent error:
                    throw Fault(HybridError.TargetUnavailable, $"reported an error in its answer{(error.ErrorCode is { Length: > 0 and <= 64 } code ? $" ({code})" : "")}");
                default:
                    throw Fault(HybridError.Internal, $"answered with {content.GetType().Name}, which is neither text nor a tool call");
            }
        }

        return pieces;
    }

    /// <summary>What was held back, and how it ended.</summary>
    /// <exception cref="HybridException">It broke off, or was ended by the far side's filter.</exception>
    public DecodeUpdate End()
    {
        var finish = Finish();
        var rest = Stopped ? "" : _text.Flush();
        var total = _usage.OutputTokenCount is { } told ? Whole(told) : Math.Max(_tokens, TokenEstimate.OfBytes(_bytes));
        return new(rest, Math.Max(0, total - _tokens), new DecodeCompletion
        {
            Finish = finish,
            PromptTokens = Whole(_usage.InputTokenCount),
            CachedTokens = Whole(_usage.CachedInputTokenCount),
            OutputTokens = total,
        });
    }

    private DecodeFinish Finish()
    {
        if (Stopped || _finish == ChatFinishReason.Stop)
            return _calls > 0 ? DecodeFinish.ToolCalls : DecodeFinish.Stop;
        if (_finish == ChatFinishReason.Length)
            return DecodeFinish.Length;
        if (_finish == ChatFinishReason.ToolCalls)
            return _calls > 0 ? DecodeFinish.ToolCalls : throw Fault(HybridError.Internal, "ended for tool calls and gave none");
        if (_finish == ChatFinishReason.ContentFilter)
            throw Fault(HybridError.InvalidRequest, "ended the answer by its content filter");
        if (_finish is not null)
            throw Fault(HybridError.Internal, "ended with a finish reason that is none of stop, length, tool_calls and content_filter");
        if (reportsFinish)
            throw Fault(HybridError.TargetUnavailable, "ended without a finish reason");
        return _calls > 0 ? DecodeFinish.ToolCalls : DecodeFinish.Stop;
    }

    private DecodeUpdate Piece(string text)
    {
        var bytes = Encoding.UTF8.GetByteCount(text);
        var tokens = bytes == 0 ? 0 : Math.Max(1, bytes / LongTokenBytes);
        (_tokens, _bytes) = (_tokens + tokens, _bytes + bytes);
        return new(_text.Append(text), tokens);
    }

    private static int Whole(long? count) => (int)Math.Clamp(count ?? 0, 0, int.MaxValue);

    private HybridException Fault(HybridError error, string what) => new(error, $"Target '{descriptor.Name}' {what}. What was delivered stands.");
}
