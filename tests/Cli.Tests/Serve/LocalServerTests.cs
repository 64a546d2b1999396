using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Hybrid.Cli.Serve;
using Hybrid.Targets;
using Hybrid.Tests;

namespace Hybrid.Cli.Tests.Serve;

/// <summary>The server for apps: what the policy is told, what the app is told, and who may ask.</summary>
public sealed class LocalServerTests
{
    private const string Chat = "/v1/chat/completions";

    [Fact]
    public async Task An_answer_says_who_gave_it_and_what_it_took()
    {
        await using var served = await ServedClient.StartAsync([Device(), Cloud()]);
        var (response, body) = await served.AskAsync(Chat, """{"messages":[{"role":"user","content":"hi"}],"hybrid":{"privacy":"secret","tag":"greeting"}}""");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("device", Assert.Single(response.Headers.GetValues(LocalEndpoints.TargetHeader)));
        Assert.Equal("Here.", body.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
        var note = body.GetProperty("hybrid");
        Assert.Equal(("balanced", "device", "device-model"), (note.GetProperty("policy").GetString(), note.GetProperty("target").GetString(), note.GetProperty("model").GetString()));
        Assert.Equal("hybrid", body.GetProperty("model").GetString());
    }

    [Theory]
    [InlineData("public", "cloud", 200)]
    [InlineData("internal", "cloud", 403)]
    [InlineData("secret", "device", 200)]
    public async Task The_class_is_a_wall_wherever_it_is_said(string privacy, string target, int status)
    {
        var (device, cloud) = (Device(), Cloud());
        await using var served = await ServedClient.StartAsync([device, cloud]);
        var inBody = await served.AskAsync(Chat, $$$"""{"messages":[{"role":"user","content":"hi"}],"hybrid":{"privacy":"{{{privacy}}}","target":"{{{target}}}"}}""");
        var inHeaders = await served.AskAsync(Chat, """{"messages":[{"role":"user","content":"hi"}]}""", ("X-Hybrid-Privacy", privacy), ("X-Hybrid-Target", target));
        Assert.Equal([status, status], [(int)inBody.Response.StatusCode, (int)inHeaders.Response.StatusCode]);
        Assert.All(cloud.Received, one => Assert.Equal(PrivacyClass.Public, one.Request.Privacy));
        Assert.Equal(status == 200 ? 2 : 0, device.Received.Count + cloud.Received.Count);
    }

    [Fact]
    public async Task A_stream_ends_with_the_note_the_usage_and_done()
    {
        await using var served = await ServedClient.StartAsync([Device()]);
        using var response = await served.Http.PostAsync(new Uri(Chat, UriKind.Relative), new StringContent(
            """{"messages":[{"role":"user","content":"hi"}],"stream":true,"stream_options":{"include_usage":true}}""", Encoding.UTF8, "application/json"), served.Limit);
        var events = (await response.Content.ReadAsStringAsync(served.Limit)).Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(line => line["data: ".Length..]).ToArray();
        Assert.Equal("[DONE]", events[^1]);
        Assert.True(JsonElement.Parse(events[^2]).GetProperty("usage").GetProperty("completion_tokens").GetInt32() > 0);
        var last = JsonElement.Parse(events[^3]);
        Assert.Equal("stop", last.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.Equal("device", last.GetProperty("hybrid").GetProperty("target").GetString());
        Assert.Equal("Here.", string.Concat(events[..^3].Select(one => JsonElement.Parse(one).GetProperty("choices")[0].GetProperty("delta")).Select(delta => delta.TryGetProperty("content", out var text) ? text.GetString() : "")));
    }

    [Theory]
    [InlineData("""{"messages":[{"role":"user","content":"hi"}],"hybrid":{"polcy":"fast"}}""", 400, "unsupported_parameter")]
    [InlineData("""{"messages":[{"role":"user","content":"hi"}],"hybrid":{"policy":"fastest"}}""", 400, "invalid_value")]
    [InlineData("""{"messages":[{"role":"user","content":"hi"}],"hybrid":{"privacy":"mine"}}""", 400, "invalid_value")]
    [InlineData("""{"messages":[{"role":"user","content":"hi"}],"hybrid":{"can_wait_until":"soon"}}""", 400, "invalid_value")]
    [InlineData("""{"messages":[{"role":"user","content":"hi"}],"hybrid":{"deadline_milliseconds":0}}""", 400, "invalid_value")]
    [InlineData("""{"messages":[{"role":"user","content":"hi"}],"model":"gpt-0"}""", 404, "model_not_found")]
    [InlineData("""{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"I"}],"continue_final_message":true,"add_generation_prompt":false}""", 400, "unsupported_parameter")]
    [InlineData("""{"messages":[]}""", 400, "invalid_value")]
    [InlineData("""{""", 400, "invalid_json")]
    public async Task What_cannot_be_done_is_refused_by_name(string json, int status, string code)
    {
        await using var served = await ServedClient.StartAsync([Device()]);
        var (response, body) = await served.AskAsync(Chat, json);
        Assert.Equal((status, code), ((int)response.StatusCode, body.GetProperty("error").GetProperty("code").GetString()));
    }

    [Fact]
    public async Task Models_are_listed_and_a_model_pins_the_request()
    {
        var cloud = Cloud();
        await using var served = await ServedClient.StartAsync([Device(), cloud]);
        var (_, list) = await served.GetAsync("/v1/models");
        Assert.Equal(["hybrid", "device-model", "cloud-model"], list.GetProperty("data").EnumerateArray().Select(one => one.GetProperty("id").GetString()));
        Assert.Equal(HttpStatusCode.NotFound, (await served.GetAsync("/v1/models/other")).Status);
        var (response, body) = await served.AskAsync(Chat, """{"model":"cloud-model","messages":[{"role":"user","content":"hi"}],"hybrid":{"privacy":"public"}}""");
        Assert.Equal((HttpStatusCode.OK, "cloud-model"), (response.StatusCode, body.GetProperty("model").GetString()));
        Assert.Single(cloud.Received);
    }

    [Fact]
    public async Task Health_says_who_could_answer()
    {
        var device = Device();
        await using var served = await ServedClient.StartAsync([device]);
        var (status, body) = await served.GetAsync("/health");
        Assert.Equal((HttpStatusCode.OK, "ok", "warm"), (status, body.GetProperty("status").GetString(), body.GetProperty("targets")[0].GetProperty("readiness").GetString()));
        device.State = new(TargetReadiness.Unavailable, "broken");
        (status, body) = await served.GetAsync("/health");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "unavailable", "broken"), (status, body.GetProperty("status").GetString(), body.GetProperty("targets")[0].GetProperty("reason").GetString()));
    }

    [Theory]
    [InlineData("Origin", "https://evil.example", 403)]
    [InlineData("Host", "evil.example", 403)]
    [InlineData("Origin", "http://localhost:3000", 200)]
    [InlineData("Host", "localhost:1", 200)]
    public async Task A_web_page_of_another_site_may_not_ask(string header, string value, int status)
    {
        await using var served = await ServedClient.StartAsync([Device()]);
        var (response, _) = await served.AskAsync(Chat, """{"messages":[{"role":"user","content":"hi"}]}""", (header, value));
        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task A_key_is_asked_for_where_there_is_one()
    {
        await using var served = await ServedClient.StartAsync([Device()], new() { ApiKeys = ["one", "two"] });
        const string Question = """{"messages":[{"role":"user","content":"hi"}]}""";
        Assert.Equal(HttpStatusCode.Unauthorized, (await served.AskAsync(Chat, Question)).Response.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await served.AskAsync(Chat, Question, ("Authorization", "Bearer three"))).Response.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await served.AskAsync(Chat, Question, ("Authorization", "Bearer two"))).Response.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await served.Http.GetAsync(new Uri("/health", UriKind.Relative), served.Limit)).StatusCode);
    }

    [Fact]
    public async Task With_a_certificate_it_speaks_TLS_and_a_key_that_is_missing_is_told()
    {
        var folder = Directory.CreateTempSubdirectory("hybrid-tls-").FullName;
        try
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var names = new SubjectAlternativeNameBuilder();
            names.AddIpAddress(IPAddress.Loopback);
            var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256) { CertificateExtensions = { names.Build() } };
            using var certificate = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
            var (path, keyPath) = (Path.Combine(folder, "c.pem"), Path.Combine(folder, "k.pem"));
            await File.WriteAllTextAsync(path, certificate.ExportCertificatePem(), TestContext.Current.CancellationToken);
            await Assert.ThrowsAsync<HybridException>(() => ServedClient.StartAsync([Device()], new() { CertificatePath = path, KeyPath = keyPath }));
            await File.WriteAllTextAsync(keyPath, key.ExportPkcs8PrivateKeyPem(), TestContext.Current.CancellationToken);
            await using var served = await ServedClient.StartAsync([Device()], new() { CertificatePath = path, KeyPath = keyPath });
            Assert.Equal("https", served.Server.Address.Scheme);
            using var handler = new SocketsHttpHandler();
            handler.SslOptions.CertificateChainPolicy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { certificate }, RevocationMode = X509RevocationMode.NoCheck };
            using var http = new HttpClient(handler) { BaseAddress = served.Server.Address };
            Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri("/health", UriKind.Relative), served.Limit)).StatusCode);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Draining_refuses_what_is_new_and_lets_what_runs_end()
    {
        var release = new TaskCompletionSource();
        var device = new SlowTarget(release.Task);
        await using var served = await ServedClient.StartAsync([device], new() { Grace = TimeSpan.FromMinutes(5) });
        const string Question = """{"messages":[{"role":"user","content":"hi"}]}""";
        var running = served.AskAsync(Chat, Question);
        await device.Asked.Task.WaitAsync(served.Limit);
        var drained = served.Server.DrainAsync();
        var (refused, _) = await served.AskAsync(Chat, Question);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.Equal("draining", (await served.GetAsync("/health")).Body.GetProperty("status").GetString());
        Assert.False(drained.IsCompleted);
        release.SetResult();
        Assert.Equal("slow", (await running).Body.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
        await drained.WaitAsync(served.Limit);
    }

    [Fact]
    public async Task A_second_word_to_stop_ends_what_runs()
    {
        var device = new SlowTarget(Task.Delay(Timeout.Infinite, TestContext.Current.CancellationToken));
        await using var served = await ServedClient.StartAsync([device], new() { Grace = TimeSpan.FromMinutes(5) });
        using var now = new CancellationTokenSource();
        var running = served.AskAsync(Chat, """{"messages":[{"role":"user","content":"hi"}]}""");
        await device.Asked.Task.WaitAsync(served.Limit);
        var drained = served.Server.DrainAsync(now.Token);
        await now.CancelAsync();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await running).Response.StatusCode);
        await drained.WaitAsync(served.Limit);
    }

    [Fact]
    public async Task A_request_that_can_wait_is_acknowledged_fetched_and_removed()
    {
        var folder = Directory.CreateTempSubdirectory("hybrid-waiting-").FullName;
        try
        {
            await using var served = await ServedClient.StartAsync([Device()], waiting: new() { Path = folder });
            var until = TimeProvider.System.GetUtcNow().AddHours(1);
            var (taken, status) = await served.AskAsync(
                Chat, """{"messages":[{"role":"user","content":"hi"}]}""", ("Prefer", "respond-async, wait=1"), ("X-Hybrid-Can-Wait-Until", until.ToString("O")), ("X-Hybrid-Privacy", "secret"));
            Assert.Equal((HttpStatusCode.Accepted, "respond-async"), (taken.StatusCode, Assert.Single(taken.Headers.GetValues("Preference-Applied"))));
            Assert.Equal($"/v1/hybrid/requests/{status.GetProperty("id").GetString()}", taken.Headers.Location!.ToString());
            JsonElement body;
            do
            {
                (_, body) = await served.GetAsync(taken.Headers.Location.ToString());
            }
            while (body.GetProperty("status").GetString() is "waiting" or "running");

            Assert.Equal("done", body.GetProperty("status").GetString());
            Assert.Equal("Here.", body.GetProperty("response").GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
            using var removed = await served.Http.DeleteAsync(taken.Headers.Location, served.Limit);
            Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
            Assert.Equal(HttpStatusCode.NotFound, (await served.GetAsync(taken.Headers.Location.ToString())).Status);
            var (refused, _) = await served.AskAsync(Chat, """{"messages":[{"role":"user","content":"hi"}]}""", ("Prefer", "respond-async"));
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static ScriptedTarget Device() => new("device", "He", "re", ".");

    private static ScriptedTarget Cloud()
    {
        var target = new ScriptedTarget("cloud", "There", ".");
        target.Descriptor = target.Descriptor with { Zone = Zone.Public };
        return target;
    }
}
