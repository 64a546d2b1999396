using Hybrid.Accounting;

namespace Hybrid.Edge.Fleet;

/// <summary>What one request took, as a line of telemetry. Holds no text of the request, and no message of a fault, since it could quote the prompt.</summary>
internal sealed record TelemetryRecord
{
    public required string Id { get; init; }

    public required DateTimeOffset At { get; init; }

    public required string Policy { get; init; }

    public required RequestFinish Finish { get; init; }

    public HybridError? Error { get; init; }

    public double? DeferredForSeconds { get; init; }

    public double? FirstTokenSeconds { get; init; }

    public required double TotalSeconds { get; init; }

    public required IReadOnlyList<TelemetrySegment> Segments { get; init; }

    public static TelemetryRecord Of(RequestReceipt receipt) => new()
    {
        Id = receipt.Id,
        At = receipt.StartedAt,
        Policy = receipt.Decision.Policy,
        Finish = receipt.Finish,
        Error = receipt.Error,
        DeferredForSeconds = receipt.DeferredFor > TimeSpan.Zero ? receipt.DeferredFor.TotalSeconds : null,
        FirstTokenSeconds = receipt.TimeToFirstToken?.TotalSeconds,
        TotalSeconds = receipt.TotalTime.TotalSeconds,
        Segments = [.. receipt.Segments.Select(TelemetrySegment.Of)],
    };
}

/// <summary>What one attempt took.</summary>
internal sealed record TelemetrySegment(
    string Target, string Model, string Zone, bool Cold, int InputTokens, int CachedTokens, int OutputTokens, int WastedTokens,
    double? FirstTokenSeconds, double TotalSeconds, double Dollars, double Joules, double Grams, RequestFinish Finish, HybridError? Error)
{
    public static TelemetrySegment Of(Receipt receipt) => new(
        receipt.Target, receipt.Model, receipt.Zone.ToString(), receipt.Cold, receipt.InputTokens, receipt.CachedTokens, receipt.OutputTokens, receipt.WastedTokens,
        receipt.TimeToFirstToken?.TotalSeconds, receipt.TotalTime.TotalSeconds, receipt.Dollars, receipt.Joules, receipt.Grams, receipt.Finish, receipt.Error);
}
