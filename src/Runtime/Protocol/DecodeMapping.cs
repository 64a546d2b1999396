using Hybrid.Targets;

namespace Hybrid.Protocol;

/// <summary>Between the messages of <c>decode.proto</c> and the types of the SDK, both ways.</summary>
internal static class DecodeMapping
{
    public static GenerateRequest ToMessage(DecodeRequest request, DateTimeOffset now)
    {
        var message = new GenerateRequest
        {
            Continuation = request.Continuation,
            Sampling = ToMessage(request.Sampling),
            PrivacyClass = ToName(request.Privacy),
            RequestId = request.Id,
            Priority = ToName(request.Priority),
        };
        switch (request.Prompt)
        {
            case MessagesPrompt chat:
                message.Messages = new MessageList();
                message.Messages.Messages.AddRange(chat.Messages.Select(ToolMapping.ToMessage));
                break;
            case TextPrompt text:
                message.Text = text.Text;
                break;
            case TokensPrompt tokens:
                message.Tokens = new TokenList();
                message.Tokens.Ids.AddRange(tokens.Tokens.ToArray());
                break;
        }

        if (request.MaxTokens is { } maxTokens)
            message.MaxTokens = maxTokens;
        if (request.LogProbabilities is { } alternatives)
            message.LogProbabilities = alternatives;
        message.StopSequences.AddRange(request.StopSequences);
        ToolMapping.Write(request, message);
        TokenMapping.Write(request.ContinuationTokens, message);
        FormatMapping.Write(request.Format, message);
        if (request.Deadline is { } deadline)
            message.DeadlineMilliseconds = Math.Max(0, (long)Math.Ceiling((deadline - now).TotalMilliseconds));
        return message;
    }

    /// <exception cref="HybridException">The message has no prompt or a value outside its range (InvalidRequest).</exception>
    public static DecodeRequest FromMessage(GenerateRequest message, DateTimeOffset now)
    {
        Prompt prompt = message.PromptCase switch
        {
            GenerateRequest.PromptOneofCase.Messages =>
                new MessagesPrompt([.. message.Messages.Messages.Select(ToolMapping.FromMessage)]),
            GenerateRequest.PromptOneofCase.Text => new TextPrompt(message.Text),
            GenerateRequest.PromptOneofCase.Tokens => new TokensPrompt(message.Tokens.Ids.ToArray()),
            _ => throw Invalid("The request has no prompt; set messages, text or tokens."),
        };
        if (message.HasMaxTokens && message.MaxTokens < 1)
            throw Invalid($"max_tokens is {message.MaxTokens}; it must be at least 1.");
        return new DecodeRequest
        {
            Prompt = prompt,
            Continuation = message.Continuation,
            ContinuationTokens = TokenMapping.Read(message),
            Sampling = FromMessage(message.Sampling),
            MaxTokens = message.HasMaxTokens ? message.MaxTokens : null,
            LogProbabilities = message.HasLogProbabilities ? message.LogProbabilities : null,
            StopSequences = [.. message.StopSequences],
            Format = FormatMapping.Read(message),
            Tools = ToolMapping.Tools(message),
            ToolChoice = ToolMapping.Choice(message),
            Privacy = PrivacyFromName(message.PrivacyClass),
            Deadline = message.HasDeadlineMilliseconds ? After(now, message.DeadlineMilliseconds) : null,
            Id = message.RequestId,
            Priority = PriorityFromName(message.Priority),
        };
    }

    public static GenerateUpdate ToMessage(DecodeUpdate update)
    {
        var message = new GenerateUpdate { Text = update.Text, TokenCount = update.TokenCount };
        TokenMapping.Write(update, message);
        ScoreMapping.Write(update.Scores, message);
        if (update.ToolCall is { } call)
            message.ToolCall = ToolMapping.ToMessage(call);
        if (update.Completion is { } completion)
        {
            message.Completion = new Completion
            {
                FinishReason = completion.Finish switch { DecodeFinish.Length => "length", DecodeFinish.ToolCalls => "tool_calls", _ => "stop" },
                PromptTokens = completion.PromptTokens,
                CachedTokens = completion.CachedTokens,
                OutputTokens = completion.OutputTokens,
                DraftedTokens = completion.DraftedTokens,
                AcceptedTokens = completion.AcceptedTokens,
                QueueMicroseconds = (long)completion.QueueTime.TotalMicroseconds,
                PrefillMicroseconds = (long)completion.PrefillTime.TotalMicroseconds,
                DecodeMicroseconds = (long)completion.DecodeTime.TotalMicroseconds,
            };
        }

        return message;
    }

    /// <exception cref="GrpcException">A completion with a finish reason that is none of stop, length and tool_calls.</exception>
    public static DecodeUpdate FromMessage(GenerateUpdate message) =>
        TokenMapping.Read(message, new(message.Text, message.TokenCount, message.Completion is { } completion ? FromMessage(completion) : null)
        {
            ToolCall = message.ToolCall is { } call ? ToolMapping.FromMessage(call) : null,
            Scores = ScoreMapping.Read(message),
        });

    public static StatusReply ToMessage(TargetState state, string model, string modelSha256, int contextLength) => new()
    {
        Readiness = (StatusReply.Types.Readiness)(int)state.Readiness,
        Reason = state.Reason,
        QueueLength = state.QueueLength,
        Slots = state.Slots,
        BusySlots = state.BusySlots,
        Model = model,
        ModelSha256 = modelSha256,
        ContextLength = contextLength,
    };

    public static TargetState FromMessage(StatusReply message)
    {
        var readiness = (TargetReadiness)(int)message.Readiness;
        return new TargetState(
            Enum.IsDefined(readiness) ? readiness : TargetReadiness.Unknown,
            message.Reason, message.QueueLength, message.BusySlots, message.Slots);
    }

    public static string ToName(PrivacyClass privacy) => privacy switch
    {
        PrivacyClass.Public => "public",
        PrivacyClass.Internal => "internal",
        PrivacyClass.Confidential => "confidential",
        _ => "secret",
    };

    /// <exception cref="HybridException">The name is none of the four (InvalidRequest); empty is <c>internal</c>.</exception>
    public static PrivacyClass PrivacyFromName(string name) => name switch
    {
        "" or "internal" => PrivacyClass.Internal,
        "public" => PrivacyClass.Public,
        "confidential" => PrivacyClass.Confidential,
        "secret" => PrivacyClass.Secret,
        _ => throw Invalid($"privacy class '{name}' is not one of public, internal, confidential, secret."),
    };

    private static string ToName(RequestPriority priority) => priority switch
    {
        RequestPriority.Background => "background",
        RequestPriority.Normal => "normal",
        _ => "interactive",
    };

    private static RequestPriority PriorityFromName(string name) => name switch
    {
        "background" => RequestPriority.Background,
        "" or "normal" => RequestPriority.Normal,
        "interactive" => RequestPriority.Interactive,
        _ => throw Invalid($"priority '{name}' is not one of background, normal, interactive."),
    };

    private static Sampling ToMessage(SamplingOptions options)
    {
        var message = new Sampling
        {
            Temperature = options.Temperature,
            TopK = options.TopK,
            TopP = options.TopP,
            MinP = options.MinP,
            RepetitionPenalty = options.RepetitionPenalty,
            FrequencyPenalty = options.FrequencyPenalty,
            PresencePenalty = options.PresencePenalty,
            PenaltyWindow = options.PenaltyWindow,
        };
        if (options.Seed is { } seed)
            message.Seed = seed;
        return message;
    }

    private static SamplingOptions FromMessage(Sampling? message)
    {
        var options = SamplingOptions.Default;
        if (message is null)
            return options;
        options = options with
        {
            Temperature = message.HasTemperature ? message.Temperature : options.Temperature,
            TopK = message.HasTopK ? message.TopK : options.TopK,
            TopP = message.HasTopP ? message.TopP : options.TopP,
            MinP = message.HasMinP ? message.MinP : options.MinP,
            RepetitionPenalty = message.HasRepetitionPenalty ? message.RepetitionPenalty : options.RepetitionPenalty,
            FrequencyPenalty = message.HasFrequencyPenalty ? message.FrequencyPenalty : options.FrequencyPenalty,
            PresencePenalty = message.HasPresencePenalty ? message.PresencePenalty : options.PresencePenalty,
            PenaltyWindow = message.HasPenaltyWindow ? message.PenaltyWindow : options.PenaltyWindow,
            Seed = message.HasSeed ? message.Seed : null,
        };
        Within("temperature", options.Temperature, 0, 100);
        Within("top_k", options.TopK, 0, int.MaxValue);
        Within("top_p", options.TopP, float.Epsilon, 1);
        Within("min_p", options.MinP, 0, 1);
        Within("repetition_penalty", options.RepetitionPenalty, float.Epsilon, 10);
        Within("frequency_penalty", options.FrequencyPenalty, -2, 2);
        Within("presence_penalty", options.PresencePenalty, -2, 2);
        Within("penalty_window", options.PenaltyWindow, 0, int.MaxValue);
        return options;
    }

    private static DecodeCompletion FromMessage(Completion message) => new()
    {
        Finish = message.FinishReason switch
        {
            "stop" => DecodeFinish.Stop,
            "length" => DecodeFinish.Length,
            "tool_calls" => DecodeFinish.ToolCalls,
            _ => throw new GrpcException(GrpcStatus.Internal, $"finish_reason '{message.FinishReason}' is none of stop, length and tool_calls."),
        },
        PromptTokens = message.PromptTokens,
        CachedTokens = message.CachedTokens,
        OutputTokens = message.OutputTokens,
        DraftedTokens = message.DraftedTokens,
        AcceptedTokens = message.AcceptedTokens,
        QueueTime = Microseconds(message.QueueMicroseconds),
        PrefillTime = Microseconds(message.PrefillMicroseconds),
        DecodeTime = Microseconds(message.DecodeMicroseconds),
    };

    // Numbers from a wire are clamped, not trusted: a reply that lies must not throw OverflowException at the reader.
    private static TimeSpan Microseconds(long value) =>
        TimeSpan.FromTicks(Math.Clamp(value, 0, TimeSpan.MaxValue.Ticks / TimeSpan.TicksPerMicrosecond) * TimeSpan.TicksPerMicrosecond);

    private static DateTimeOffset After(DateTimeOffset now, long milliseconds)
    {
        var left = Math.Clamp(milliseconds, 0, (long)TimeSpan.FromDays(3650).TotalMilliseconds);
        return now + TimeSpan.FromMilliseconds(left);
    }

    private static void Within(string name, double value, double least, double most)
    {
        if (!(value >= least && value <= most))
            throw Invalid($"{name} is {value}; it must be from {least} to {most}.");
    }

    private static HybridException Invalid(string message) => new(HybridError.InvalidRequest, message);
}
