using Microsoft.Extensions.AI;

namespace Hybrid.CloudConnector.ChatClients;

/// <summary>A client's stream that is never waited for longer than its token allows; one that does not let go is left behind.</summary>
internal sealed class ClientStream(Func<CancellationToken, IAsyncEnumerable<ChatResponseUpdate>> open, CancellationToken cancellationToken) : IAsyncDisposable
{
    private IAsyncEnumerator<ChatResponseUpdate>? _updates;
    private Task<bool>? _next;

    /// <summary>The next update, or null at the end.</summary>
    public async ValueTask<ChatResponseUpdate?> NextAsync()
    {
        _updates ??= open(cancellationToken).GetAsyncEnumerator(cancellationToken);
        var next = _updates.MoveNextAsync();
        if (next.IsCompletedSuccessfully)
            return next.Result ? _updates.Current : null;
        _next = next.AsTask();
        var more = await _next.WaitAsync(cancellationToken);
        _next = null;
        return more ? _updates.Current : null;
    }

    public async ValueTask DisposeAsync()
    {
        if (_next is { IsCompleted: false } open)
            _ = CloseLaterAsync(open, _updates!);
        else
            await CloseAsync(_updates);
    }

    private static async Task CloseLaterAsync(Task open, IAsyncEnumerator<ChatResponseUpdate> updates)
    {
        await open.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await CloseAsync(updates);
    }

    private static async ValueTask CloseAsync(IAsyncEnumerator<ChatResponseUpdate>? updates)
    {
        try
        {
            if (updates is not null)
                await updates.DisposeAsync();
        }
        catch (Exception)
        {
            // How the answer ended is known; what the client says at closing changes nothing.
        }
    }
}
