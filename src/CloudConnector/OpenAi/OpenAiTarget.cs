using System.Globalization;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using Hybrid.CloudConnector.Pools;
using Hybrid.Protocol;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.OpenAi;

/// <summary>A pool that speaks OpenAI's HTTP: vLLM, SGLang, llama-server, <c>hybrid-worker</c>, hosted APIs.</summary>
/// <remarks>
/// Thread-safe; streams share connections. An answer is complete only with a finish reason and <c>[DONE]</c>; whatever else ends it
/// is a failure. Token counts are exact where the server reports them (<c>usage</c>); else each piece of text counts as a token.
/// </remarks>
public sealed partial class OpenAiTarget : ITarget, INetworkTarget
{
    private const int MostEmptyEvents = 64; // that come without a wait before they count as silence
    private readonly OpenAiTargetOptions _options;
    private readonly TimeProvider _time;
    private readonly PoolConnection _connection;
    private readonly PromptText? _template;
    private readonly CancellationTokenSource _disposed = new();
    private readonly CancellationToken _whenDisposed;
    private readonly ContinuationChoice _continuation;

    /// <summary>Makes the target; asks nobody.</summary>
    /// <exception cref="HybridException">An option cannot be used (<see cref="HybridError.Configuration"/>).</exception>
    public OpenAiTarget(OpenAiTargetOptions options, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        OptionRules.Check(options);
        _options = options;
        _time = timeProvider ?? TimeProvider.System;
        _template = OptionRules.Template(options) is { } template ? new(template) : null;
        _connection = new(options);
        _health = new(_connection);
        _state = new(options.RetryAfter, _time);
        _continuation = new(options);
        _whenDisposed = _disposed.Token;
    }

    /// <summary>As configured; whether it can go on follows what is known of it.</summary>
    public TargetDescriptor Descriptor => _continuation.Descriptor;

    /// <inheritdoc />
    public bool NeedsNetwork => !_options.Endpoint.IsLoopback;

    /// <inheritdoc />
    public double? BytesPerSecond => _connection.BytesPerSecond;

    /// <inheritdoc />
    public IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return AnswerAsync(request, null, cancellationToken);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _disposed.CancelAsync();
        _connection.Dispose();
    }

    /// <param name="request">What is asked.</param>
    /// <param name="tried">How it goes on, where that is being tried; null: as is known.</param>
    /// <param name="cancellationToken">Ends it.</param>
    private async IAsyncEnumerable<DecodeUpdate> AnswerAsync(DecodeRequest request, ContinuationMode? tried, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var now = _time.GetUtcNow();
        RequestRules.Check(request, _options, tried is null ? Descriptor : Descriptor with { Capabilities = Descriptor.Capabilities | TargetCapabilities.Continuation }, now);
        using var wait = new StreamWait(request.Deadline - now, _time, cancellationToken, _whenDisposed);
        wait.Allow(_options.FirstUpdateTimeout);
        await using var stream = await StartAsync(request, tried ?? _continuation.Mode, now, wait, cancellationToken);
        var answer = new AnswerReader(request, new(tried is null && _continuation.Echoes && request.Prompt is MessagesPrompt ? request.Continuation : ""));
        var first = true;
        while (await NextAsync(stream, answer, wait, isTimed: first, cancellationToken) is var (update, done) && !done)
        {
            _state.Answered();
            yield return update;
            first = false;
        }

        var end = End(answer);
        if (tried is null)
            CheckContinuationLater();
        foreach (var update in end)
            yield return update;
    }

    private async Task<AnswerStream> StartAsync(DecodeRequest request, ContinuationMode mode, DateTimeOffset now, StreamWait wait, CancellationToken caller)
    {
        var rendered = request is { Prompt: MessagesPrompt chat, Continuation.Length: > 0 } && mode == ContinuationMode.Completions
            ? _template!.Of(chat, request.Continuation, now)
            : null;
        var body = RequestBody.Write(request, _options, mode, rendered);
        var address = rendered is null && request.Prompt is MessagesPrompt ? _connection.Address.Chat : _connection.Address.Completions;
        try
        {
            return await AnswerStream.StartAsync(_connection, address, body, headers => AddHeaders(headers, request, now), request, _time, wait.Token);
        }
        catch (Exception exception)
        {
            throw Told(exception, wait, caller);
        }
    }

    /// <summary>The next update, or that the answer is done.</summary>
    /// <remarks>The silence that counts is the pool's, not the reader's; and where there is none, no clock is set for a token.</remarks>
    private async ValueTask<(DecodeUpdate Update, bool Done)> NextAsync(AnswerStream stream, AnswerReader answer, StreamWait wait, bool isTimed, CancellationToken caller)
    {
        try
        {
            for (var events = 1; ; events++)
            {
                var next = stream.MoveNextAsync();
                if (!isTimed && (!next.IsCompleted || events > MostEmptyEvents))
                {
                    wait.Allow(_options.IdleTimeout);
                    isTimed = true;
                }

                if (!await next)
                    throw new PoolFault("the stream ended without its end being said");
                var chunk = stream.Chunk;
                if (chunk.Done)
                    return (default, true);
                if (chunk.Error is { } error)
                    throw new PoolFault(ErrorKinds.Of(null, error), "it broke off with an error" + (ServerWords.Of(error, answer.Request, _connection.LatestKey) is { Length: > 0 } words ? ": " + words : ""));
                if (answer.Take(chunk) is not { } update)
                    continue;
                if (isTimed)
                    wait.Allow(Timeout.InfiniteTimeSpan);
                return (update, false);
            }
        }
        catch (Exception exception)
        {
            throw Told(exception, wait, caller);
        }
    }

    private IReadOnlyList<DecodeUpdate> End(AnswerReader answer)
    {
        try
        {
            return answer.End();
        }
        catch (PoolFault fault)
        {
            throw Told(fault);
        }
    }

    private void AddHeaders(HttpRequestHeaders headers, DecodeRequest request, DateTimeOffset now)
    {
        if (request.Id is { Length: > 0 and <= 128 } id && OptionRules.IsPlain(id))
            headers.TryAddWithoutValidation("X-Request-Id", id);
        if (request.Deadline is { } deadline)
            headers.TryAddWithoutValidation("X-Hybrid-Deadline-Milliseconds", Math.Clamp((long)Math.Ceiling((deadline - now).TotalMilliseconds), 1, int.MaxValue).ToString(CultureInfo.InvariantCulture));
        if (_options.PrivacyHeader)
            headers.TryAddWithoutValidation("X-Hybrid-Privacy", DecodeMapping.ToName(request.Privacy));
    }
}
