using Microsoft.Extensions.AI;

namespace Hybrid.Chat;

/// <summary>Options that no target can honour: refused by name, never ignored in silence.</summary>
internal static class UnsupportedOptions
{
    public static void Refuse(ChatOptions options)
    {
        if (options.AllowMultipleToolCalls is false)
            throw Refusal(nameof(options.AllowMultipleToolCalls), "no target can be held to a single tool call");
        if (options.ConversationId is not null)
            throw Refusal(nameof(options.ConversationId), "no target keeps conversations; send the whole chat");
        if (options.Reasoning is not null)
            throw Refusal(nameof(options.Reasoning), "no target has a reasoning setting");
        if (options.RawRepresentationFactory is not null)
            throw Refusal(nameof(options.RawRepresentationFactory), "there is no raw request to give");
#pragma warning disable MEAI001 // Experimental: read only to refuse it.
        if (options.AllowBackgroundResponses is true)
            throw Refusal(nameof(options.AllowBackgroundResponses), "no target answers in the background");
        if (options.ContinuationToken is not null)
            throw Refusal(nameof(options.ContinuationToken), "no target can resume an earlier response");
#pragma warning restore MEAI001
    }

    private static HybridException Refusal(string option, string why) =>
        new(HybridError.InvalidRequest, $"ChatOptions.{option}: {why}. Leave it unset. Nothing was sent.");
}
