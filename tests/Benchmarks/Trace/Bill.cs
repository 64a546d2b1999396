using System.Diagnostics.Metrics;

namespace Hybrid.Benchmarks.Trace;

/// <summary>All dollars that the runtime's meter counts while this lives: of requests, and of pools that were woken ahead of them.</summary>
internal sealed class Bill : IDisposable
{
    private readonly MeterListener _listener = new();

    public Bill()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument is { Meter.Name: "Hybrid", Name: "hybrid.cost" }) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<double>((_, dollars, _, _) => Dollars += dollars); // one thread plays a trace
        _listener.Start();
    }

    public double Dollars { get; private set; }

    public void Dispose() => _listener.Dispose();
}
