using System.Text.Json;
using Hybrid.Targets;

namespace Hybrid.CloudWorker.OpenAi;

/// <summary>How an answer looks in JSON: as a chat or as a text completion, whole or in chunks.</summary>
internal abstract class AnswerShape(string id, long created, string model)
{
    protected string Id { get; } = id;
    protected long Created { get; } = created;
    protected string Model { get; } = model;

    /// <summary>The whole answer.</summary>
    public abstract byte[] Whole(string text, DecodeCompletion completion);

    /// <summary>The chunk before any text; null where the API has none.</summary>
    public abstract byte[]? First();

    /// <summary>A chunk of text.</summary>
    public abstract byte[] Piece(string text);

    /// <summary>The chunk that says why the answer ended.</summary>
    public abstract byte[] Last(DecodeFinish finish);

    /// <summary>The chunk with the usage and no choice.</summary>
    public abstract byte[] UsageOnly(DecodeCompletion completion);

    protected static string Name(DecodeFinish finish) => finish == DecodeFinish.Length ? "length" : "stop";

    protected static Usage Count(DecodeCompletion completion) => new(
        completion.PromptTokens, completion.OutputTokens, completion.PromptTokens + completion.OutputTokens, new PromptTokensDetails(completion.CachedTokens));
}

/// <summary>The shape of <c>/v1/chat/completions</c>.</summary>
internal sealed class ChatShape(string id, long created, string model) : AnswerShape(id, created, model)
{
    public override byte[] Whole(string text, DecodeCompletion completion) => Write(new(Id, "chat.completion", Created, Model,
        [new(0, Name(completion.Finish)) { Message = new() { Role = "assistant", Content = text } }])
    { Usage = Count(completion) });

    public override byte[] First() => Chunk(new(0, null) { Delta = new() { Role = "assistant", Content = "" } });

    public override byte[] Piece(string text) => Chunk(new(0, null) { Delta = new() { Content = text } });

    public override byte[] Last(DecodeFinish finish) => Chunk(new(0, Name(finish)) { Delta = new() });

    public override byte[] UsageOnly(DecodeCompletion completion) =>
        Write(new(Id, "chat.completion.chunk", Created, Model, []) { Usage = Count(completion) });

    private byte[] Chunk(ChatChoice choice) => Write(new(Id, "chat.completion.chunk", Created, Model, [choice]));

    private static byte[] Write(ChatCompletion body) => JsonSerializer.SerializeToUtf8Bytes(body, OpenAiJson.Wire.ChatCompletion);
}

/// <summary>The shape of <c>/v1/completions</c>.</summary>
internal sealed class CompletionShape(string id, long created, string model) : AnswerShape(id, created, model)
{
    public override byte[] Whole(string text, DecodeCompletion completion) =>
        Write(new TextChoice(0, text, Name(completion.Finish)), Count(completion));

    public override byte[]? First() => null;

    public override byte[] Piece(string text) => Write(new TextChoice(0, text, null), null);

    public override byte[] Last(DecodeFinish finish) => Write(new TextChoice(0, "", Name(finish)), null);

    public override byte[] UsageOnly(DecodeCompletion completion) => Write(null, Count(completion));

    private byte[] Write(TextChoice? choice, Usage? usage) => JsonSerializer.SerializeToUtf8Bytes(
        new TextCompletion(Id, "text_completion", Created, Model, choice is null ? [] : [choice]) { Usage = usage }, OpenAiJson.Wire.TextCompletion);
}
