using Hybrid.Targets;

namespace Hybrid.CloudConnector.OpenAi;

/// <summary>What is refused before anything is sent: what the pool may not see, and what it cannot take.</summary>
internal static class RequestRules
{
    private const int MostStops = 4;

    /// <exception cref="HybridException">It may not be sent.</exception>
    public static void Check(DecodeRequest request, OpenAiTargetOptions options, TargetDescriptor descriptor, DateTimeOffset now)
    {
        if (!descriptor.Zone.Admits(request.Privacy))
            throw new HybridException(HybridError.NoTargetAllowed, $"Pool '{descriptor.Name}' is in zone '{descriptor.Zone}', which may not see a request of class {request.Privacy}. Nothing was sent.");
        if (request.Deadline <= now)
            throw new HybridException(HybridError.DeadlineExceeded, $"The deadline passed before pool '{descriptor.Name}' was asked. Nothing was sent.");
        if (Problem(request, options, descriptor.Capabilities) is { } problem)
            throw new HybridException(HybridError.InvalidRequest, $"Pool '{descriptor.Name}' {problem}. Nothing was sent.");
    }

    private static string? Problem(DecodeRequest request, OpenAiTargetOptions options, TargetCapabilities can)
    {
        var needed = request.Needs | request.Prompt switch
        {
            TextPrompt => TargetCapabilities.Text,
            TokensPrompt => TargetCapabilities.Tokens,
            _ => TargetCapabilities.Chat,
        };
        if ((needed & ~can) is var missing && missing != TargetCapabilities.None)
            return $"is not said to be able to do {missing}; set it in its configuration if it is";
        if (request.Prompt is MessagesPrompt { Messages.Count: 0 })
            return "was given a chat without a message";
        return Continued(request, can) ?? Plain(request) ?? Sampled(request, options);
    }

    private static string? Continued(DecodeRequest request, TargetCapabilities can)
    {
        if (request.Continuation.Length == 0)
            return null;
        if (request.Prompt is TokensPrompt)
            return "cannot go on in text from a prompt of token ids";
        if (request.Prompt is MessagesPrompt && !can.HasFlag(TargetCapabilities.Continuation))
            return "cannot go on from delivered text, or was not found to";
        // Such servers keep the format in what they add, and not in the whole.
        return request.Format is null ? null : "cannot keep a format in an answer that was begun elsewhere";
    }

    private static string? Plain(DecodeRequest request)
    {
        if (request.Prompt is MessagesPrompt)
            return null;
        if (request.OffersTools)
            return "takes tools with messages only";
        return request.LogProbabilities is null ? null : "tells log-probabilities with messages only";
    }

    private static string? Sampled(DecodeRequest request, OpenAiTargetOptions options)
    {
        var (asked, usual) = (request.Sampling, SamplingOptions.Default);
        if (request.StopSequences.Count > MostStops && options.Sampling == SamplingFields.Standard)
            return $"takes at most {MostStops} stop strings, and {request.StopSequences.Count} are given";
        if (asked.Temperature is not (>= 0 and <= 2))
            return $"takes a temperature from 0 to 2, and {asked.Temperature} is given";
        var penalises = asked.RepetitionPenalty != 1 || asked.FrequencyPenalty != 0 || asked.PresencePenalty != 0;
        if (penalises && asked.PenaltyWindow != usual.PenaltyWindow && options.Sampling != SamplingFields.LlamaServer)
            return "takes no window for penalties; leave PenaltyWindow at its default";
        if (options.Sampling != SamplingFields.Standard)
            return null;
        if (asked.RepetitionPenalty != 1)
            return "takes no repetition penalty; set Settings:Sampling to vllm or llama-server if it does";
        return asked.Temperature > 0 && (asked.TopK != usual.TopK || asked.MinP != usual.MinP)
            ? "takes neither top-k nor min-p; set Settings:Sampling to vllm or llama-server if it does"
            : null;
    }
}
