using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Hybrid.Tests.Network;

/// <summary>Keeps what was logged.</summary>
internal sealed class LogLines : ILogger
{
    public ConcurrentQueue<(LogLevel Level, int Id, string Text)> All { get; } = [];

    public IEnumerable<string> Of(int id) => All.Where(line => line.Id == id).Select(line => line.Text);

    public IEnumerable<string> Warnings => All.Where(line => line.Level >= LogLevel.Warning).Select(line => line.Text);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        All.Enqueue((logLevel, eventId.Id, formatter(state, exception)));
}
