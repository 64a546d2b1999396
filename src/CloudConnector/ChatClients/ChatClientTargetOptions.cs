using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.CloudConnector.ChatClients;

/// <summary>What a chat client does not say of itself.</summary>
public sealed record ChatClientTargetOptions
{
    /// <summary>Whether answers end with a finish reason; an end without one is then a failure.</summary>
    /// <value>True. With false an answer that was cut off cannot be told from a whole one.</value>
    public bool ReportsFinish { get; init; } = true;

    /// <summary>Whether it is reached over a network.</summary>
    /// <value>True</value>
    public bool NeedsNetwork { get; init; } = true;

    /// <summary>Whether disposing the target disposes the chat client.</summary>
    /// <value>False</value>
    public bool OwnsClient { get; init; }

    /// <summary>Longest wait for the first update, a cold start included; above zero and at most a day.</summary>
    /// <value>3 minutes</value>
    public TimeSpan FirstUpdateTimeout { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>Longest silence between two updates once the answer began; above zero and at most a day.</summary>
    /// <value>30 seconds</value>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the target counts as unavailable after a failure; above zero and at most a day.</summary>
    /// <value>10 seconds</value>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The last word on the options of each request, such as what a certain model refuses or asks for; must not block.</summary>
    /// <value>Null: they are sent as they were mapped.</value>
    public Action<OnChatOptionsArguments>? OnOptions { get; init; }

    /// <summary>Says what an exception of the client's own package means, as by its status and its Retry-After; must not throw.</summary>
    /// <value>Null, or where it gives null: HTTP's and the transport's faults are known, all others are <see cref="HybridError.Internal"/>.</value>
    public Func<Exception, HybridException?>? OnFault { get; init; }

    /// <exception cref="HybridException">A time is out of range (<see cref="HybridError.Configuration"/>).</exception>
    internal void Validate(string target)
    {
        foreach (var (name, time) in new[] { (nameof(IdleTimeout), IdleTimeout), (nameof(FirstUpdateTimeout), FirstUpdateTimeout), (nameof(RetryAfter), RetryAfter) })
        {
            if (time <= TimeSpan.Zero || time > TimeSpan.FromDays(1))
                throw new HybridException(HybridError.Configuration, $"Target '{target}', {name}: {time} is out of range; use more than zero and at most a day. Nothing was sent.");
        }
    }
}

/// <summary>A request that is about to be sent.</summary>
/// <param name="Options">What is sent beside the messages; may be changed.</param>
/// <param name="Request">What was asked.</param>
public sealed record OnChatOptionsArguments(ChatOptions Options, DecodeRequest Request);
