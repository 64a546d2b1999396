namespace Hybrid.Benchmarks.Bus;

/// <summary>Something that sends messages through a broker and gets them back.</summary>
internal interface IBusClient : IAsyncDisposable
{
    string Name { get; }

    /// <summary>How long it took from the first message sent to the last one received.</summary>
    Task<TimeSpan> RunAsync(int qos, int count);
}
