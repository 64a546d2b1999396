using System.Text;
using System.Text.Json;
using Hybrid.Targets;

namespace Hybrid.OpenAi;

/// <summary>How an answer looks in JSON: as a chat or as a text completion, whole or in chunks.</summary>
internal abstract class AnswerShape(string id, long created, string model)
{
    protected string Id { get; } = id;
    protected long Created { get; } = created;
    protected string Model { get; } = model;

    /// <summary>Who answered, told beside the finish reason; null: nobody tells.</summary>
    public Func<AnswerNote?>? Note { get; init; }

    /// <summary>The whole answer.</summary>
    public abstract byte[] Whole(string text, IReadOnlyList<ToolCall> calls, IReadOnlyList<TokenScore>? scores, DecodeCompletion completion);

    /// <summary>The whole answer from its updates, the last of which has a completion.</summary>
    public async Task<byte[]> CollectAsync(IAsyncEnumerable<DecodeUpdate> updates, bool scored)
    {
        var text = new StringBuilder();
        var calls = new List<ToolCall>();
        List<TokenScore>? scores = scored ? [] : null;
        DecodeCompletion? completion = null;
        await foreach (var update in updates)
        {
            text.Append(update.Text);
            if (update.ToolCall is { } call)
                calls.Add(call);
            scores?.AddRange(update.Scores ?? []);
            completion = update.Completion;
        }

        return Whole(text.ToString(), calls, scores, completion!);
    }

    /// <summary>The chunk before any text; null where the API has none.</summary>
    public abstract byte[]? First();

    /// <summary>A chunk of text, with the scores of its tokens where they were asked for.</summary>
    public abstract byte[] Piece(string text, IReadOnlyList<TokenScore>? scores);

    /// <summary>A chunk with a whole call, the answer's number <paramref name="index"/> from 0.</summary>
    public abstract byte[] Call(ToolCall call, int index);

    /// <summary>The chunk that says why the answer ended.</summary>
    public abstract byte[] Last(DecodeFinish finish);

    /// <summary>The chunk with the usage and no choice.</summary>
    public abstract byte[] UsageOnly(DecodeCompletion completion);

    protected static string Name(DecodeFinish finish) => finish switch
    {
        DecodeFinish.Length => "length",
        DecodeFinish.ToolCalls => "tool_calls",
        _ => "stop",
    };

    protected static Usage Count(DecodeCompletion completion) => new(
        completion.PromptTokens, completion.OutputTokens, completion.PromptTokens + completion.OutputTokens, new PromptTokensDetails(completion.CachedTokens));
}

/// <summary>The shape of <c>/v1/chat/completions</c>.</summary>
internal sealed class ChatShape(string id, long created, string model) : AnswerShape(id, created, model)
{
    public override byte[] Whole(string text, IReadOnlyList<ToolCall> calls, IReadOnlyList<TokenScore>? scores, DecodeCompletion completion) => Write(new(Id, "chat.completion", Created, Model,
        [new(0, Name(completion.Finish)) { Message = new() { Role = "assistant", Content = text, ToolCalls = calls.Count == 0 ? null : [.. calls.Select(call => Entry(call, null))] }, Logprobs = ScoreFields.Write(scores) }])
    { Usage = Count(completion), Hybrid = Note?.Invoke() });

    public override byte[] First() => Chunk(new(0, null) { Delta = new() { Role = "assistant", Content = "" } });

    public override byte[] Call(ToolCall call, int index) => Chunk(new(0, null) { Delta = new() { ToolCalls = [Entry(call, index)] } });

    public override byte[] Piece(string text, IReadOnlyList<TokenScore>? scores) =>
        Chunk(new(0, null) { Delta = new() { Content = text }, Logprobs = ScoreFields.Write(scores) });

    public override byte[] Last(DecodeFinish finish) => Chunk(new(0, Name(finish)) { Delta = new() }, Note?.Invoke());

    public override byte[] UsageOnly(DecodeCompletion completion) =>
        Write(new(Id, "chat.completion.chunk", Created, Model, []) { Usage = Count(completion) });

    private static ToolCallEntry Entry(ToolCall call, int? index) => new(call.Id, "function", new(call.Name, call.Arguments)) { Index = index };

    private byte[] Chunk(ChatChoice choice, AnswerNote? note = null) => Write(new(Id, "chat.completion.chunk", Created, Model, [choice]) { Hybrid = note });

    private static byte[] Write(ChatCompletion body) => JsonSerializer.SerializeToUtf8Bytes(body, OpenAiJson.Wire.ChatCompletion);
}

/// <summary>The shape of <c>/v1/completions</c>.</summary>
internal sealed class CompletionShape(string id, long created, string model) : AnswerShape(id, created, model)
{
    public override byte[] Whole(string text, IReadOnlyList<ToolCall> calls, IReadOnlyList<TokenScore>? scores, DecodeCompletion completion) =>
        Write(new TextChoice(0, text, Name(completion.Finish)), Count(completion), Note?.Invoke());

    public override byte[]? First() => null;

    public override byte[] Call(ToolCall call, int index) => throw new NotSupportedException("A text completion has no tools.");

    public override byte[] Piece(string text, IReadOnlyList<TokenScore>? scores) => Write(new TextChoice(0, text, null), null);

    public override byte[] Last(DecodeFinish finish) => Write(new TextChoice(0, "", Name(finish)), null, Note?.Invoke());

    public override byte[] UsageOnly(DecodeCompletion completion) => Write(null, Count(completion));

    private byte[] Write(TextChoice? choice, Usage? usage, AnswerNote? note = null) => JsonSerializer.SerializeToUtf8Bytes(
        new TextCompletion(Id, "text_completion", Created, Model, choice is null ? [] : [choice]) { Usage = usage, Hybrid = note }, OpenAiJson.Wire.TextCompletion);
}
