using Hybrid.Cli.Simulation;
using Hybrid.Targets;

namespace Hybrid.Cli.Tests.Simulation;

public sealed class TraceTests
{
    public static TheoryData<string> Kinds => [.. Trace.Kinds.Keys];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Requests_are_in_order_within_the_trace_of_every_class_and_repeatable(string kind)
    {
        var trace = Trace.Kinds[kind](86_400, 7);
        Assert.True(trace.Requests.Count > 500);
        Assert.Equal(trace.Requests, Trace.Kinds[kind](86_400, 7).Requests);
        Assert.NotEqual(trace.Requests, Trace.Kinds[kind](86_400, 8).Requests);
        Assert.Equal(trace.Requests.Select(request => request.At).Order(), trace.Requests.Select(request => request.At));
        Assert.All(trace.Requests, request => Assert.InRange(request.At, 0, trace.Seconds));
        Assert.All(trace.Requests, request => Assert.True(request.PromptTokens >= 5 && request.OutputTokens >= 1));
        Assert.Equal(4, trace.Requests.Select(request => request.Privacy).Distinct().Count());
        // A secret that does not fit the device could not be answered by anyone.
        Assert.All(trace.Requests.Where(request => request.Privacy == PrivacyClass.Secret), request => Assert.True(request.PromptTokens + request.OutputTokens < 8192));
    }

    [Fact]
    public void Bursts_are_far_denser_than_Poisson()
    {
        var trace = Trace.Kinds["bursty"](86_400, 1);
        var minutes = new int[24 * 60];
        foreach (var request in trace.Requests)
            minutes[Math.Min((int)(request.At / 60), minutes.Length - 1)]++;
        var mean = minutes.Average();
        Assert.True(minutes.Average(count => (count - mean) * (count - mean)) > 4 * mean, "A Poisson process has the variance of its mean.");
    }

    [Fact]
    public void Batches_have_longer_prompts_and_more_patience_than_chat()
    {
        var chat = Trace.Kinds["chat"](86_400, 1).Requests;
        var batch = Trace.Kinds["batch"](86_400, 1).Requests.Where(request => request.Tag == "extract").ToList();
        Assert.True(batch.Average(request => request.PromptTokens) > 3 * chat.Average(request => request.PromptTokens));
        Assert.True(batch[0].Patience > chat[0].Patience);
    }

    [Fact]
    public void The_grid_is_dirtiest_in_the_evening_and_the_sun_helps_at_noon()
    {
        var weather = new Weather(StandardTargets.All, 86_400, 1);
        double At(double hour) => weather.GramsPerKilowattHour(0, (hour - Trace.StartHour) * 3600);
        Assert.True(At(19) > At(13) * 1.2);
        Assert.True(At(19) > At(29) * 1.2);
    }
}
