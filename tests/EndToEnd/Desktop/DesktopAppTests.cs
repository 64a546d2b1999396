using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Hybrid.EndToEnd.Desktop;

/// <summary>The desktop sample's page: what it shows, and whom it lets in.</summary>
public class DesktopAppTests(RunningApp app) : IClassFixture<RunningApp>
{
    private const string Pump = "pump-3 reads 91 C, its limit is 80 C. What now?";
    private const string Answer = "pump-3 reads 91 C, over its limit of 80 C. Slow it down, then check the cooling.";

    [Fact]
    public async Task An_answer_streams_with_who_said_it_why_and_what_it_took()
    {
        var lines = await AskAsync($$"""{"messages":[{"role":"user","text":"{{Pump}}"}],"policy":"offline"}""");
        Assert.True(lines.Count > 10, "It came in one piece.");
        Assert.Equal(Answer, string.Concat(lines.Select(line => (string?)line["text"])));
        Assert.All(lines, line => Assert.Equal("device", (string?)line["target"]));
        Assert.Contains("offline policy chose device", (string?)lines[0]["why"], StringComparison.Ordinal);
        var took = Assert.Single(lines[^1]["took"]!.AsArray())!;
        Assert.Equal(("device", true), ((string)took["target"]!, (int)took["tokens"]! > 10));
    }

    [Theory]
    [InlineData("""{"policy":"offline"}""", "messages")]
    [InlineData("""{"messages":""", "cannot be read")]
    [InlineData("""{"messages":[{"role":"user","text":"hi"}],"policy":"nosuch"}""", "There is no policy 'nosuch'")]
    [InlineData("""{"messages":[{"role":"user","text":"hi"}],"privacy":"nosuch"}""", "There is no privacy class 'nosuch'")]
    public async Task A_question_that_cannot_be_asked_is_told_in_words(string question, string words)
    {
        var line = Assert.Single(await AskAsync(question));
        Assert.Contains(words, (string?)line["error"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET", "/", null, null)]
    [InlineData("GET", "/00000000000000000000000000000000/", null, null)]
    [InlineData("GET", "{token}", "evil.example", null)]
    [InlineData("GET", "{token}", "localhost:{port}", null)]
    [InlineData("GET", "{token}choices", null, "http://evil.example")]
    [InlineData("POST", "{token}ask", null, "http://evil.example")]
    [InlineData("POST", "{token}ask", null, "null")]
    [InlineData("POST", "{token}ask", null, null)]
    public async Task Nobody_but_its_own_page_is_let_in(string method, string path, string? host, string? origin)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(new(method), new Uri(app.Address, path.Replace("{token}", app.Address.AbsolutePath, StringComparison.Ordinal)));
        if (host is not null) request.Headers.Host = host.Replace("{port}", $"{app.Address.Port}", StringComparison.Ordinal);
        if (origin is not null) request.Headers.Add("Origin", origin);
        using var answer = await http.SendAsync(request);
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
    }

    [Fact]
    public async Task The_page_loads_nothing_from_elsewhere()
    {
        using var http = new HttpClient();
        using var page = await http.GetAsync(app.Address);
        Assert.Contains("default-src 'none'", Assert.Single(page.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
        foreach (var file in new[] { "", "chat.css", "chat.js" })
            Assert.DoesNotContain("//", (await http.GetStringAsync(new Uri(app.Address, file))).Replace("// ", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    /// <remarks>HYBRID_SCREENSHOTS names a folder that gets pictures of the page.</remarks>
    [Fact]
    public async Task In_a_browser_answers_have_the_colour_of_who_gave_them_and_stop_when_told()
    {
        Assert.SkipWhen(Chromium.Program is null, "There is no chromium on this machine.");
        // The first question of all waits a quarter of a second to hear of the pool, which a busy machine may not make; the next ones know.
        await AskAsync($$"""{"messages":[{"role":"user","text":"{{Pump}}"}],"policy":"offline"}""");
        await using var page = await Chromium.OpenAsync(app.Address);
        await page.UntilAsync("document.querySelectorAll('#policy option').length > 6 && document.querySelector('#privacy').value === 'internal'");

        // Two targets in one answer: each piece has its speaker's name and colour, and the seam is told.
        await AskInPageAsync(page, RunningApp.Bridging, Pump);
        Assert.Matches("^device to cloud after [0-9]+ tokens?: as planned", Assert.Single(await TextsAsync(page, ".handover")));
        Assert.Equal(["device", "cloud"], await SpeakersAsync(page));
        Assert.Equal(Answer, string.Concat(await TextsAsync(page, ".piece")));
        Assert.Equal(2, (int)(await page.EvaluateAsync("new Set([...document.querySelectorAll('.piece')].map(piece => getComputedStyle(piece).color)).size"))!);

        // One target after another: each answer has its reason and its price.
        await AskInPageAsync(page, "offline", Pump);
        await AskInPageAsync(page, "best-answer", Pump);
        Assert.Equal(["device", "cloud", "device", "cloud"], await SpeakersAsync(page));
        Assert.Equal([Answer, Answer], (await TextsAsync(page, ".answer"))[1..]);
        var reasons = await TextsAsync(page, "summary");
        Assert.Matches(@"^\$\S+ - offline policy chose device: ", reasons[1]);
        Assert.Matches(@"^\$\S+ - best-answer policy chose cloud: ", reasons[2]);

        // A wall holds against the policy.
        await page.EvaluateAsync("document.querySelector('#privacy').value = 'secret'");
        await AskInPageAsync(page, "best-answer", Pump);
        Assert.Equal("device", (await SpeakersAsync(page))[^1]);
        await page.EvaluateAsync("document.querySelectorAll('details').forEach((one, i) => one.open = i === 0)");
        if (Environment.GetEnvironmentVariable("HYBRID_SCREENSHOTS") is { } folder)
            foreach (var (name, width, height) in new[] { ("wide", 1200, 800), ("narrow", 360, 740) })
                foreach (var dark in new[] { false, true })
                    await page.ScreenshotAsync(Path.Combine(folder, $"{name}-{(dark ? "dark" : "light")}.png"), width, height, dark);

        // What was said so far stays; the rest is not asked for any more.
        await page.EvaluateAsync(Submit(RunningApp.Bridging, Pump));
        await page.UntilAsync("[...document.querySelectorAll('.answer')].at(-1).textContent");
        await page.EvaluateAsync("document.querySelector('#stop').click()");
        await page.UntilAsync("document.querySelector('#chat').textContent.endsWith('Stopped.') && document.querySelector('#stop').hidden");
        var cut = (await TextsAsync(page, ".answer"))[^1];
        Assert.True(cut.Length < Answer.Length && Answer.StartsWith(cut, StringComparison.Ordinal), cut);

        await page.EvaluateAsync("document.querySelector('#new').click()");
        Assert.Empty(await TextsAsync(page, ".answer"));
    }

    private static async Task AskInPageAsync(Chromium page, string policy, string text)
    {
        await page.EvaluateAsync(Submit(policy, text));
        await page.UntilAsync("document.querySelector('#stop').hidden");
    }

    private static string Submit(string policy, string text) =>
        $"document.querySelector('#policy').value = '{policy}'; document.querySelector('#prompt').value = {JsonSerializer.Serialize(text)}; document.querySelector('#ask').requestSubmit()";

    private static async Task<string[]> SpeakersAsync(Chromium page) =>
        [.. (await page.EvaluateAsync("[...document.querySelectorAll('.piece')].map(piece => piece.dataset.target)"))!.AsArray().GetValues<string>()];

    private static async Task<string[]> TextsAsync(Chromium page, string selector) =>
        [.. (await page.EvaluateAsync($"[...document.querySelectorAll('{selector}')].map(one => one.textContent)"))!.AsArray().GetValues<string>()];

    private async Task<IReadOnlyList<JsonNode>> AskAsync(string question)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(app.Address, "ask")) { Content = new StringContent(question) };
        request.Headers.Add("Origin", app.Address.GetLeftPart(UriPartial.Authority));
        using var answer = await http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var body = await answer.Content.ReadAsStringAsync();
        return [.. body.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
    }
}
