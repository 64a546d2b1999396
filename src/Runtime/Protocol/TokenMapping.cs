using Hybrid.Targets;

namespace Hybrid.Protocol;

/// <summary>Token ids and what they belong to, between the wire and the SDK.</summary>
internal static class TokenMapping
{
    public static void Write(ContinuationTokens? tokens, GenerateRequest message)
    {
        if (tokens is null)
            return;
        message.ContinuationTokens.AddRange(tokens.Tokens.ToArray());
        message.ContinuationVocabulary = tokens.Vocabulary;
    }

    public static ContinuationTokens? Read(GenerateRequest message) =>
        message.ContinuationVocabulary.Length == 0 ? null : new(message.ContinuationVocabulary, message.ContinuationTokens.ToArray());

    public static void Write(in DecodeUpdate update, GenerateUpdate message)
    {
        foreach (var token in update.Tokens)
            message.TokenIds.Add(token);
        message.PendingBytes = update.PendingBytes;
        if (update.TokenIndex is { } index)
            message.TokenIndex = index;
        message.Vocabulary = update.Vocabulary ?? "";
    }

    /// <summary>The update with what the message tells of its tokens; with nothing, where that contradicts itself.</summary>
    public static DecodeUpdate Read(GenerateUpdate message, in DecodeUpdate update)
    {
        var ids = message.TokenIds;
        if (message.PendingBytes < 0 || (message.HasTokenIndex && message.TokenIndex < 0))
            return update;
        var told = ids.Count > 0 && ids.Count == message.TokenCount && message.Vocabulary.Length > 0;
        return update with
        {
            Tokens = !told ? default : ids.Count == 1 ? [ids[0]] : [.. ids],
            Vocabulary = told ? message.Vocabulary : null,
            PendingBytes = message.PendingBytes,
            TokenIndex = message.HasTokenIndex ? message.TokenIndex : null,
        };
    }
}
