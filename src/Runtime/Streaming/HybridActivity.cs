using System.Diagnostics;
using Hybrid.Accounting;
using Hybrid.Targets;

namespace Hybrid.Streaming;

/// <summary>The activity source <c>Hybrid</c>: a span for each request and one below it for each attempt on a target; never text.</summary>
internal static class HybridActivity
{
    private static readonly ActivitySource Source = new(HybridMeter.Name);

    public static Activity? Request(string id, string policy)
    {
        var activity = Start("hybrid.request", ActivityKind.Internal, Activity.Current?.Context ?? default);
        activity?.SetTag("hybrid.request_id", id).SetTag("hybrid.policy", policy);
        return activity;
    }

    public static void End(Activity? activity, RequestReceipt receipt)
    {
        if (activity is null) return;
        activity.SetTag("hybrid.finish", receipt.Finish.ToString()).SetTag("hybrid.handovers", receipt.Handovers.Count).SetTag("hybrid.cost", receipt.Dollars);
        Close(activity, receipt.Error);
    }

    public static Activity? Segment(Activity? parent, TargetDescriptor target, DecodeRequest request)
    {
        var activity = Start("hybrid.segment", ActivityKind.Client, parent?.Context ?? default);
        activity?.SetTag("hybrid.request_id", request.Id).SetTag("hybrid.target", target.Name).SetTag("gen_ai.request.model", target.Model).SetTag("hybrid.zone", target.Zone.ToString());
        return activity;
    }

    public static void End(Activity? activity, Receipt receipt)
    {
        if (activity is null) return;
        activity.SetTag("gen_ai.usage.input_tokens", receipt.InputTokens).SetTag("gen_ai.usage.output_tokens", receipt.OutputTokens)
            .SetTag("hybrid.replica", receipt.Replica).SetTag("hybrid.wasted_tokens", receipt.WastedTokens).SetTag("hybrid.finish", receipt.Finish.ToString());
        Close(activity, receipt.Error);
    }

    /// <summary>Several attempts may be open at once, and the reader's own spans are the reader's: the current one stays.</summary>
    private static Activity? Start(string name, ActivityKind kind, ActivityContext parent)
    {
        if (!Source.HasListeners()) return null;
        var current = Activity.Current;
        var activity = Source.StartActivity(name, kind, parent);
        Activity.Current = current;
        return activity;
    }

    private static void Close(Activity activity, HybridError? error)
    {
        if (error is { } kind) activity.SetTag("error.type", kind.ToString()).SetStatus(ActivityStatusCode.Error);
        var current = Activity.Current;
        activity.Dispose();
        Activity.Current = current;
    }
}
