using Hybrid.Edge.Mqtt.Packets;

namespace Hybrid.Edge.Mqtt.Wire;

/// <summary>Makes links to one broker.</summary>
internal sealed class Connector(MqttClientOptions options, LinkOpener open)
{
    private bool _begun;

    /// <summary>The client's name: its own, or the one that the broker gave it.</summary>
    public string ClientId { get; private set; } = options.ClientId;

    /// <summary>Whether nobody can go on with the session later, so that the broker need not keep it.</summary>
    public bool ForgetsSession => options.ClientId.Length == 0;

    /// <summary>The next connection is the first of a run.</summary>
    public void Restart() => _begun = false;

    /// <exception cref="MqttFault">There is no connection.</exception>
    public async Task<(Link Link, Greeting Answer)> ConnectAsync(CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(options.ConnectTimeout, options.TimeProvider);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        try
        {
            var clean = options.CleanStart && !_begun;
            var keeps = options.SessionExpiry != TimeSpan.Zero && ClientId.Length > 0;

            // MQTT 3.1.1 cannot begin a session anew and keep it: it is ended first.
            if (clean && keeps && options.Version == MqttVersion.V311) await EndSessionAsync(limit.Token);
            if (options.Version == MqttVersion.V311) clean = !keeps;
            var made = await ConnectAsync(clean, limit.Token);
            _begun = true;
            return made;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new MqttFault(MqttFailure.Lost($"{options.Broker.Host} did not answer within {options.ConnectTimeout.TotalSeconds:0.#} s"));
        }
        catch (PacketException broken)
        {
            throw new MqttFault(MqttFailure.Broken(broken));
        }
        catch (Exception lost) when (lost is IOException or ObjectDisposedException or System.Net.WebSockets.WebSocketException)
        {
            throw new MqttFault(MqttFailure.Lost(lost is EndOfStreamException ? lost.Message : $"the connection was lost at once: {lost.Message.TrimEnd('.')}", lost));
        }
    }

    private async Task<(Link Link, Greeting Answer)> ConnectAsync(bool clean, CancellationToken cancellationToken)
    {
        var password = await PasswordAsync(cancellationToken);
        var (link, answer) = await open(new(options, ClientId, clean, password), cancellationToken);
        if (answer.Reason != MqttReasonCode.Success)
        {
            await link.DisposeAsync();
            throw new MqttFault(MqttFailure.Refused(answer.Reason, answer.Why));
        }

        ClientId = answer.ClientId ?? ClientId;
        return (link, answer);
    }

    private async Task<string?> PasswordAsync(CancellationToken cancellationToken)
    {
        if (options.PasswordProvider is not { } provider) return options.Password;
        try
        {
            return await provider(cancellationToken);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            // Its message is not repeated: it may hold a secret.
            throw new MqttFault(MqttFailure.Lost($"PasswordProvider failed with {failure.GetType().Name}"));
        }
    }

    private async Task EndSessionAsync(CancellationToken cancellationToken)
    {
        var (link, _) = await ConnectAsync(clean: true, cancellationToken);
        await using (link) await link.SayGoodbyeAsync(cancellationToken);
    }
}
