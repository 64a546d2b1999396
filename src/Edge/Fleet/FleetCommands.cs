using System.Text.Json;
using System.Threading.Channels;
using Hybrid.Configuration;
using Hybrid.Edge.Outbox;
using Hybrid.Models.Signing;
using Microsoft.Extensions.Logging;

namespace Hybrid.Edge.Fleet;

/// <summary>Does what signed commands say, each once, one after the other, and answers through the outbox.</summary>
internal sealed class FleetCommands(
    FleetOptions options, IReadOnlyDictionary<string, TrustedKey> keys, CommandMemory memory, IReadOnlyDictionary<string, IFleetCommand> commands, DeviceOutbox outbox, FleetTopics topics, TimeProvider time, ILogger logger) : IDisposable
{
    private const int LongestId = 128;
    private static readonly TimeSpan LongestLife = TimeSpan.FromDays(7);
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Channel<CommandDocument> _begun = Channel.CreateUnbounded<CommandDocument>(); // as many as are remembered, at most

    /// <summary>Answers for what the last process had begun.</summary>
    public async Task AnswerInterruptedAsync()
    {
        foreach (var id in memory.Interrupted)
            await EndAsync(new(DesiredDocument.Schema, id, null, false, "the device went down while it was done; whether it was done is not known", time.GetUtcNow()));
    }

    /// <summary>Does what was begun, until it is cancelled, and answers.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var command in _begun.Reader.ReadAllAsync(cancellationToken)) await DoAsync(command, cancellationToken);
    }

    /// <summary>Looks at a command, and begins it if it may be done; returns when that is on the disk.</summary>
    public async Task TakeAsync(ReadOnlyMemory<byte> envelope, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (Read(envelope, out var refusal) is not { } command)
            {
                // Whoever cannot sign gets no answer, and so no way to fill the outbox.
                FleetLog.CommandRefused(logger, refusal!.Code, refusal.Reason);
                return;
            }

            if (memory.Find(command.Id!) is { } before)
            {
                if (before.Result is { } result) await AnswerAsync(result, OutboxClass.Low);
                return;
            }

            await BeginAsync(command);
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    private async Task BeginAsync(CommandDocument command)
    {
        var reason = Refusal(command);
        try
        {
            if (reason is null) memory.Begin(command.Id!, command.Expires!.Value, time.GetUtcNow());
        }
        catch (HybridException failure)
        {
            reason = failure.Message;
        }

        if (reason is null) _begun.Writer.TryWrite(command);
        else await AnswerAsync(new(DesiredDocument.Schema, command.Id, command.Command, false, reason, time.GetUtcNow()), OutboxClass.Low);
    }

    private async Task DoAsync(CommandDocument command, CancellationToken cancellationToken)
    {
        var (done, outcome) = (false, "");
        try
        {
            outcome = await commands[command.Command!].RunAsync(command.Arguments ?? [], cancellationToken);
            done = true;
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            outcome = failure.Message;
        }

        await EndAsync(new(DesiredDocument.Schema, command.Id, command.Command, done, outcome, time.GetUtcNow()));
    }

    /// <summary>Why a command that is signed is not done; null: it may be.</summary>
    private string? Refusal(CommandDocument command) =>
        command.Expires < time.GetUtcNow() ? $"{FleetRefusals.Expired}: it expired at {command.Expires:u}"
        : command.Expires > time.GetUtcNow() + LongestLife ? $"{FleetRefusals.Invalid}: it may live {LongestLife.TotalDays:0} days at most"
        : !commands.ContainsKey(command.Command!) ? $"{FleetRefusals.Invalid}: this device knows no such command; it knows {string.Join(", ", commands.Keys.Order(StringComparer.Ordinal))}"
        : null;

    private CommandDocument? Read(ReadOnlyMemory<byte> envelope, out FleetRefusal? refusal)
    {
        if (SignedEnvelope.Open(envelope, SignedEnvelope.Command, keys, out refusal) is not { } payload) return null;
        CommandDocument? command;
        try
        {
            using (JsonDocument.Parse(payload, SignedEnvelope.Strict)) command = JsonSerializer.Deserialize(payload, FleetJson.Default.CommandDocument);
        }
        catch (JsonException failure)
        {
            refusal = new(FleetRefusals.Malformed, failure.Message);
            return null;
        }

        if (command?.Schema is not DesiredDocument.Schema) refusal = new(FleetRefusals.UnknownSchema, $"it is of schema {command?.Schema}, and this device knows {DesiredDocument.Schema}");
        else if (command is not { Id.Length: > 0 and <= LongestId, Command.Length: > 0, Expires: not null }) refusal = new(FleetRefusals.Invalid, "id, command or expires is missing");
        else if (command.Fleet != options.Fleet || command.Device != options.Device) refusal = new(FleetRefusals.NotForThisDevice, $"it is for device '{SignedEnvelope.Shown(command.Device ?? "")}' of fleet '{SignedEnvelope.Shown(command.Fleet ?? "")}'");
        return refusal is null ? command : null;
    }

    private async Task EndAsync(CommandResult result)
    {
        try
        {
            memory.End(result.Id!, result);
        }
        catch (HybridException failure)
        {
            FleetLog.NotRemembered(logger, failure.Message);
        }

        await AnswerAsync(result, OutboxClass.High);
    }

    /// <summary>Answers; what anybody can ask for again, by sending again what an operator sent, must not push out what counts.</summary>
    private async Task AnswerAsync(CommandResult result, OutboxClass matters)
    {
        FleetLog.CommandEnded(logger, result.Command ?? "?", result.Id!, result.Done ? "done" : "not done");
        try
        {
            await outbox.AppendAsync(new() { Topic = topics.CommandResult, Payload = JsonSerializer.SerializeToUtf8Bytes(result, FleetJson.Default.CommandResult), ContentType = "application/json", Class = matters });
        }
        catch (HybridException failure)
        {
            FleetLog.NotReported(logger, failure.Message);
        }
    }
}
