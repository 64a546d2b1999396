using System.Text.Json;
using Hybrid.CloudConnector.OpenAi;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.Tests.OpenAi;

/// <summary>Servers that go on, start over, say the text again or say something else, told apart by the check.</summary>
public class ContinuationTests
{
    private static readonly string[] Words = [.. "Mercury, Venus and Earth come first and then come Mars and Jupiter and Saturn and more".Split(' ').Select((word, i) => i == 0 ? word : " " + word)];

    public enum Manner
    {
        GoesOn,
        StartsOver,
        SaysAgainAndGoesOn,
        SaysSomethingElse,
        TrimsTheSpace,
        Refuses,
    }

    [Theory]
    [InlineData(Manner.GoesOn, true)]
    [InlineData(Manner.StartsOver, false)]
    [InlineData(Manner.SaysAgainAndGoesOn, true)]
    [InlineData(Manner.SaysSomethingElse, false)]
    [InlineData(Manner.TrimsTheSpace, false)]
    [InlineData(Manner.Refuses, false)]
    public async Task What_a_pool_does_is_found_out_and_said(Manner manner, bool goesOn)
    {
        await using var server = new RawServer(exchange => AnswerAsync(exchange, manner));
        foreach (var mode in (ContinuationMode[])[ContinuationMode.Auto, ContinuationMode.Prefill, ContinuationMode.Vllm])
        {
            await using var target = new OpenAiTarget(Wire.Options(server.Endpoint) with { Continuation = mode });
            Assert.Equal(mode == ContinuationMode.Vllm, Can(target));
            var found = await target.ProbeContinuationAsync();
            Assert.Equal(goesOn ? mode == ContinuationMode.Auto ? ContinuationMode.Vllm : mode : ContinuationMode.None, found);
            Assert.Equal(goesOn, Can(target));
            if (!goesOn)
                continue;
            for (var cut = 1; cut < Words.Length; cut++)
            {
                var more = await ServerCases.CollectAsync(target, Wire.Chat with { Continuation = string.Concat(Words[..cut]) });
                Assert.Equal(string.Concat(Words[cut..]), ServerCases.Text(more));
            }
        }
    }

    [Fact]
    public async Task Answers_that_are_too_short_to_tell_leave_it_open()
    {
        await using var server = RawServer.Saying(Wire.Stream, Wire.Piece("Yes."), Wire.Stop, Wire.Done);
        await using var target = new OpenAiTarget(Wire.Options(server.Endpoint) with { Continuation = ContinuationMode.Auto });
        Assert.Equal(ContinuationMode.Auto, await target.ProbeContinuationAsync());
        Assert.False(Can(target));
    }

    [Fact]
    public async Task A_check_that_fails_leaves_what_was_known_and_is_made_again()
    {
        var down = true;
        await using var server = new RawServer(exchange => down ? exchange.SayAsync(Wire.Json(500, "{}")) : AnswerAsync(exchange, Manner.GoesOn));
        await using var target = new OpenAiTarget(Wire.Options(server.Endpoint) with { Continuation = ContinuationMode.Auto });
        await Assert.ThrowsAsync<HybridException>(() => target.ProbeContinuationAsync());
        Assert.False(Can(target));
        down = false;
        await ServerCases.CollectAsync(target, Wire.Chat);
        await target.Checking;
        Assert.True(Can(target));
        var asked = server.Asked.Count;
        await ServerCases.CollectAsync(target, Wire.Chat);
        await target.Checking;
        Assert.Equal(asked + 1, server.Asked.Count); // once is enough
    }

    [Fact]
    public async Task Each_way_is_asked_in_its_own_words()
    {
        var template = Path.GetTempFileName();
        await File.WriteAllTextAsync(template, "{% for message in messages %}<{{ message.role }}>{{ message.content }}</>{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}");
        try
        {
            foreach (var mode in (ContinuationMode[])[ContinuationMode.Vllm, ContinuationMode.Prefill, ContinuationMode.Completions])
            {
                await using var server = new RawServer(exchange => AnswerAsync(exchange, Manner.GoesOn));
                await using var target = new OpenAiTarget(Wire.Options(server.Endpoint) with { Continuation = mode, ChatTemplatePath = template });
                await target.ProbeContinuationAsync();
                await ServerCases.CollectAsync(target, Wire.Chat with { Continuation = Words[0] });
                using var body = JsonDocument.Parse(server.Asked[^1].Body);
                Assert.Equal(mode == ContinuationMode.Completions ? "/v1/completions" : "/v1/chat/completions", server.Asked[^1].Path);
                Assert.Equal(mode == ContinuationMode.Vllm, body.RootElement.TryGetProperty("continue_final_message", out _));
                if (mode == ContinuationMode.Completions)
                    Assert.Equal("<user>the canary asks</><assistant>Mercury,", body.RootElement.GetProperty("prompt").GetString());
                else
                    Assert.Equal("Mercury,", body.RootElement.GetProperty("messages")[1].GetProperty("content").GetString());
            }
        }
        finally
        {
            File.Delete(template);
        }
    }

    private static bool Can(OpenAiTarget target) => target.Descriptor.Capabilities.HasFlag(TargetCapabilities.Continuation);

    /// <summary>A greedy model of one answer, behind a server of the given manners.</summary>
    private static Task AnswerAsync(RawExchange exchange, Manner manner) => exchange.SayAsync(Answer(exchange, manner));

    private static string Answer(RawExchange exchange, Manner manner)
    {
        using var body = JsonDocument.Parse(exchange.Body);
        var most = body.RootElement.TryGetProperty("max_tokens", out var limit) ? limit.GetInt32() : int.MaxValue;
        var said = body.RootElement.TryGetProperty("prompt", out var prompt)
            ? prompt.GetString()![(prompt.GetString()!.LastIndexOf('>') + 1)..]
            : body.RootElement.GetProperty("messages").EnumerateArray().Last() is var last && last.GetProperty("role").ValueEquals("assistant") ? last.GetProperty("content").GetString()! : "";
        var at = 0;
        while (string.Concat(Words[..at]).Length < said.Length)
            at++;
        var continued = said.Length > 0;
        if (continued && manner == Manner.Refuses)
            return Wire.Json(400, "{\"error\":{\"message\":\"the last message must be the user's\"}}");
        string[] answer = !continued || manner == Manner.StartsOver ? Words
            : manner == Manner.SaysSomethingElse ? ["As", " I", " said", ",", " it", " is", " so", "."]
            : Words[at..];
        var pieces = answer.Take(most).ToArray();
        if (continued && manner == Manner.SaysAgainAndGoesOn)
            pieces[0] = said + pieces[0];
        if (continued && manner == Manner.TrimsTheSpace)
            pieces[0] = pieces[0].TrimStart();
        var stop = pieces.Length == answer.Length ? Wire.Stop : Wire.Stop.Replace("stop", "length");
        return Wire.Stream + Wire.Role + string.Concat(pieces.Select(Wire.Piece)) + stop + Wire.Done;
    }
}
