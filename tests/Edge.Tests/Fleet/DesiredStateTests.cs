using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Hybrid.Configuration;
using Hybrid.Edge.Fleet;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Hybrid.Edge.Tests.Fleet;

/// <summary>What a device takes, and what it refuses.</summary>
public sealed class DesiredStateTests
{
    private const string Green = """{ "Policy": "green", "Policies": { "mine": { "Base": "fast", "AllowedZones": [ "device", "site" ], "DollarsPerSecond": 0.5, "Offline": true } }, "Grid": { "Static": { "DE": 380 } } }""";

    [Fact]
    public async Task What_the_fleet_wants_is_in_force_and_reported_as_soon_as_it_is_published()
    {
        await using var place = await FleetPlace.StartAsync();
        await place.PublishAsync(FleetPlace.Fleet(7, Green));
        Assert.Equal(("green", "fast", "device", "site"), (place.Settings["Hybrid:Policy"], place.Settings["Hybrid:Policies:mine:Base"], place.Settings["Hybrid:Policies:mine:AllowedZones:0"], place.Settings["Hybrid:Policies:mine:AllowedZones:1"]));
        Assert.Equal(new(7, 7, null), place.Device.Reported.FleetDesired);
        Assert.Equal(new(null, null, null), place.Device.Reported.DeviceDesired);
        var said = await place.SaidAsync("hybrid/v1/shops/till-1/reported", one => one.GetProperty("fleetDesired").TryGetProperty("applied", out var applied) && applied.GetInt64() == 7);
        Assert.Equal(("till-1", "shops", 1), (said.GetProperty("device").GetString(), said.GetProperty("fleet").GetString(), said.GetProperty("schema").GetInt32()));
    }

    [Fact]
    public async Task A_device_that_comes_later_gets_what_is_kept_and_one_without_a_network_has_what_it_had()
    {
        await using var first = await FleetPlace.StartAsync();
        await first.PublishAsync(FleetPlace.Fleet(7, Green));
        await using var later = await FleetPlace.StartAsync(bus: first.Bus, key: first.Key);
        await Outbox.OutboxPlace.Until(() => later.Device.Reported.FleetDesired.Applied == 7);

        await first.Device.StopAsync(TestContext.Current.CancellationToken);
        await using var restarted = new FleetPlace(first.Folder, key: first.Key);
        Assert.Equal(("green", 7), (restarted.Settings["Hybrid:Policy"], restarted.Device.Reported.FleetDesired.Applied));
    }

    [Fact]
    public async Task The_runtime_of_the_app_follows_and_what_it_does_not_take_is_rolled_back()
    {
        Func<CancellationToken, Task<string?>>? health = null;
        await using var place = await FleetPlace.StartAsync(parts: new() { Health = cancellationToken => health!(cancellationToken) });
        await using var services = new ServiceCollection().AddHybrid(place.Settings).BuildServiceProvider();
        var policies = services.GetRequiredService<PolicySource>();
        health = FleetHealth.OfPolicies(services);
        Assert.Equal("balanced", policies.Current.Default.Name);
        await place.PublishAsync(FleetPlace.Fleet(1, Green));
        Assert.Equal("green", policies.Current.Default.Name);
        Assert.Contains(policies.Current.All, policy => policy.Name == "mine");

        // All policies taken away without a word: the walls would fall with them. The runtime does not follow.
        await place.PublishAsync(FleetPlace.Fleet(2, "{}"));
        var refused = place.Device.Reported.FleetDesired.Refused;
        Assert.Equal((2, FleetRefusals.RolledBack), (refused?.Version, refused?.Code));
        Assert.Contains("are all gone", refused?.Reason, StringComparison.Ordinal);
        Assert.Equal(("green", "green", null), (policies.Current.Default.Name, place.Settings["Hybrid:Policy"], policies.Problem));
    }

    [Fact]
    public async Task A_device_s_own_document_wins_key_by_key_replaces_lists_and_takes_away_with_null()
    {
        await using var place = await FleetPlace.StartAsync();
        await place.PublishAsync(FleetPlace.Fleet(3, Green));
        await place.PublishAsync(FleetPlace.OfDevice(1, """{ "Privacy": "secret", "Policies": { "mine": { "AllowedZones": [ "device" ], "DollarsPerSecond": null } } }"""));
        Assert.Equal(("green", "secret", "fast"), (place.Settings["Hybrid:Policy"], place.Settings["Hybrid:Privacy"], place.Settings["Hybrid:Policies:mine:Base"]));
        Assert.Equal(("device", null, null), (place.Settings["Hybrid:Policies:mine:AllowedZones:0"], place.Settings["Hybrid:Policies:mine:AllowedZones:1"], place.Settings["Hybrid:Policies:mine:DollarsPerSecond"]));
        await place.PublishAsync(FleetPlace.Fleet(4, """{ "Policy": "frugal", "Policies": { "mine": {} } }"""));
        Assert.Equal(("frugal", "secret"), (place.Settings["Hybrid:Policy"], place.Settings["Hybrid:Privacy"]));
        Assert.Equal((4, 1), (place.Device.Reported.FleetDesired.Applied, place.Device.Reported.DeviceDesired.Applied));
    }

    public static TheoryData<string, string, string, string> Refused => new()
    {
        { "older", FleetPlace.Fleet(6, "{}"), FleetRefusals.Replayed, "version 7 was seen before, and 6 is older" },
        { "same version", FleetPlace.Fleet(7, """{ "Policy": "fast" }"""), FleetRefusals.Replayed, "another document with version 7 was seen before" },
        { "schema", FleetPlace.Fleet(8, "{}").Replace("\"schema\": 1", "\"schema\": 2", StringComparison.Ordinal), FleetRefusals.UnknownSchema, "it is of schema 2, and this device knows 1" },
        { "no schema", """{ "version": 8, "fleet": "shops" }""", FleetRefusals.UnknownSchema, "it is of schema none" },
        { "fleet", FleetPlace.Fleet(8, "{}").Replace("shops", "other", StringComparison.Ordinal), FleetRefusals.NotForThisDevice, "it is for fleet 'other', and this is 'shops'" },
        { "policy", FleetPlace.Fleet(8, """{ "Policies": { "p": { "LatencyQuantile": 2 } } }"""), FleetRefusals.Invalid, "Hybrid:Policies:p:LatencyQuantile: " },
        { "no such policy", FleetPlace.Fleet(8, """{ "Policy": "greeen" }"""), FleetRefusals.Invalid, "Hybrid:Policy: there is no policy 'greeen'" },
        { "pool", FleetPlace.Fleet(8, """{ "Pools": { "p": { "Zone": "mars" } } }"""), FleetRefusals.Invalid, "Hybrid:Pools:p:Zone: 'mars'" },
        { "unknown key of it", FleetPlace.Fleet(8, """{ "Policies": { "p": { "Offlin": true } } }"""), FleetRefusals.Invalid, "Hybrid:Policies:p:Offlin: there is no such key; did you mean Offline?" },
        { "prefetch", FleetPlace.Fleet(8, """{ "Models": { "Prefetch": { "MinChance": 2 } } }"""), FleetRefusals.Invalid, "Hybrid:Models:Prefetch:MinChance" },
        { "grid", FleetPlace.Fleet(8, """{ "Grid": { "Static": { "DE": -1 } } }"""), FleetRefusals.Invalid, "Hybrid:Grid:Static:DE" },
        { "native", FleetPlace.Fleet(8, """{ "Native": { "LlamaPath": "/tmp" } }"""), FleetRefusals.Invalid, "configuration:Native: a fleet cannot set this" },
        { "local", FleetPlace.Fleet(8, """{ "Local": { "ModelPath": "/etc/passwd" } }"""), FleetRefusals.Invalid, "configuration:Local: a fleet cannot set this" },
        { "other case", FleetPlace.Fleet(8, """{ "policy": "fast" }"""), FleetRefusals.Invalid, "configuration:policy: a fleet cannot set this" },
        { "root", FleetPlace.Fleet(8, """{ "Models": { "Root": "/" } }"""), FleetRefusals.Invalid, "configuration:Models: a fleet can set Prefetch alone" },
        { "path", FleetPlace.Fleet(8, """{ "Grid": { "Type": "file", "Path": "/etc/passwd" } }"""), FleetRefusals.Invalid, "configuration:Grid:Path: a fleet cannot name files" },
        { "unknown key", FleetPlace.Fleet(8, "{}").Replace("\"created\"", "\"creatd\"", StringComparison.Ordinal), FleetRefusals.Invalid, "creatd: there is no such key" },
        { "version", FleetPlace.Fleet(8, "{}").Replace("8", "-1", StringComparison.Ordinal), FleetRefusals.Invalid, "version: it must be a whole number above 0" },
        { "version text", FleetPlace.Fleet(8, "{}").Replace("8", "\"9\"", StringComparison.Ordinal), FleetRefusals.Invalid, "version: it must be a whole number above 0" },
        { "model name", FleetPlace.Fleet(8, "{}", """{ "../x": "hf:a/b" }"""), FleetRefusals.Invalid, "models:../x: " },
        { "model reference", FleetPlace.Fleet(8, "{}", """{ "m": 5 }"""), FleetRefusals.Invalid, "models:m: it must be where the model comes from" },
        { "deep", FleetPlace.Fleet(8, string.Concat(Enumerable.Repeat("{\"a\":", 5000)) + "1" + new string('}', 5000)), FleetRefusals.Malformed, "the document is not JSON" },
        { "twice", FleetPlace.Fleet(8, """{ "Policy": "fast", "Policy": "green" }"""), FleetRefusals.Malformed, "the document is not JSON" },
        { "twice in other case", FleetPlace.Fleet(8, """{ "Policies": { "p": {}, "P": {} } }"""), FleetRefusals.Malformed, "the document is not JSON" },
        { "half a character", FleetPlace.Fleet(8, """{ "Policy": "\ud800" }"""), FleetRefusals.Malformed, "the document is not JSON" },
        { "not an object", "[1]", FleetRefusals.Malformed, "An object is expected" },
        { "no JSON", "{", FleetRefusals.Malformed, "the document is not JSON" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task What_is_signed_and_wrong_is_refused_with_the_reason_and_the_last_good_state_stays(string what, string document, string code, string reason)
    {
        await using var place = await FleetPlace.StartAsync();
        await place.PublishAsync(FleetPlace.Fleet(7, Green));
        await place.PublishAsync(place.Sign(document), retain: false);
        var refused = place.Device.Reported.FleetDesired.Refused;
        Assert.True(refused is not null, what);
        Assert.Equal(code, refused.Code);
        Assert.Contains(reason, refused.Reason, StringComparison.Ordinal);
        Assert.Equal(("green", 7), (place.Settings["Hybrid:Policy"], place.Device.Reported.FleetDesired.Applied));

        // Refused after a restart, too, and a good one is still taken.
        await place.Device.StopAsync(TestContext.Current.CancellationToken);
        await using var again = await FleetPlace.StartAsync(place.Folder, key: place.Key);
        await again.PublishAsync(place.Sign(document), retain: false);
        Assert.Equal((code, 7), (again.Device.Reported.FleetDesired.Refused?.Code, again.Device.Reported.FleetDesired.Applied));
        await again.PublishAsync(FleetPlace.Fleet(9, """{ "Policy": "frugal" }"""));
        Assert.Equal(("frugal", 9), (again.Settings["Hybrid:Policy"], again.Device.Reported.FleetDesired.Applied));
        Assert.Null(again.Device.Reported.FleetDesired.Refused);
    }

    public static TheoryData<string, string> Forged => new()
    {
        { "other key", FleetRefusals.BadSignature }, { "unknown key", FleetRefusals.UnknownKey }, { "truncated", FleetRefusals.BadSignature }, { "no signature", FleetRefusals.Malformed },
        { "other content", FleetRefusals.BadSignature }, { "other algorithm", FleetRefusals.BadSignature }, { "a command", FleetRefusals.Malformed }, { "relabelled command", FleetRefusals.BadSignature },
        { "too large", FleetRefusals.TooLarge }, { "invalid UTF-8", FleetRefusals.Malformed }, { "deep", FleetRefusals.Malformed }, { "plain", FleetRefusals.Malformed }, { "member twice", FleetRefusals.Malformed },
        { "every byte", FleetRefusals.BadSignature },
    };

    [Theory]
    [MemberData(nameof(Forged))]
    public async Task What_nobody_signed_is_refused_and_does_not_count_as_seen(string how, string code)
    {
        await using var place = await FleetPlace.StartAsync();
        var document = FleetPlace.Fleet(8, """{ "Policy": "fast" }""");
        var good = JsonNode.Parse(place.Sign(document))!.AsObject();
        await place.PublishAsync(FleetPlace.Fleet(7, Green));
        byte[][] forged = how switch
        {
            "other key" => [SignedEnvelope.Sign(SignedEnvelope.Desired, Encoding.UTF8.GetBytes(document), "ops", FleetPlace.KeyPair.Create().Private), SignedEnvelope.Sign(SignedEnvelope.Desired, Encoding.UTF8.GetBytes(document), "ops", FleetPlace.KeyPair.Create(ECCurve.NamedCurves.nistP384).Private)],
            "unknown key" => [SignedEnvelope.Sign(SignedEnvelope.Desired, Encoding.UTF8.GetBytes(document), "boss", place.Key.Private)],
            "truncated" => [With("signature", "value", good["signature"]!["value"]!.GetValue<string>()[..^8]), With("signature", "value", ""), With("signature", "value", "%%%")],
            "no signature" => [Without("signature"), Without("payload"), Without("type"), With("signature", "value", null)],
            "other content" => [With("payload", null, Convert.ToBase64String(Encoding.UTF8.GetBytes(FleetPlace.Fleet(8, "{}"))))],
            "other algorithm" => [With("signature", "algorithm", "ecdsa-p384-sha384"), With("signature", "algorithm", "none")],
            "a command" => [place.Sign(document, SignedEnvelope.Command)],
            "relabelled command" => [Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(place.Sign(document, SignedEnvelope.Command)).Replace(SignedEnvelope.Command, SignedEnvelope.Desired, StringComparison.Ordinal))],
            "too large" => [new byte[SignedEnvelope.MostBytes + 1]],
            "invalid UTF-8" => [[0x7B, 0x22, 0xFF, 0xFE, 0x22, 0x3A, 0x31, 0x7D], [0xC3, 0x28]],
            "deep" => [Encoding.UTF8.GetBytes(new string('[', 100_000)), Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"signature\":", 10_000)))],
            "plain" => [Encoding.UTF8.GetBytes(document), "null"u8.ToArray(), "1"u8.ToArray()],
            "member twice" => [Encoding.UTF8.GetBytes(good.ToJsonString().Replace("{\"type\"", "{\"type\":\"x\",\"type\"", StringComparison.Ordinal))],
            _ => Enumerable.Range(0, 60).Select(i => With("payload", null, Convert.ToBase64String(Flipped(Encoding.UTF8.GetBytes(document), i)))).ToArray(),
        };
        foreach (var envelope in forged)
        {
            await place.PublishAsync(envelope, retain: false);
            Assert.Equal(code, place.Device.Reported.FleetDesired.Refused?.Code);
            Assert.Equal((7, 7), (place.Device.Reported.FleetDesired.Applied, place.Device.Reported.FleetDesired.Seen));
            Assert.Equal("green", place.Settings["Hybrid:Policy"]);
        }

        await place.PublishAsync(document);
        Assert.Equal(("fast", 8), (place.Settings["Hybrid:Policy"], place.Device.Reported.FleetDesired.Applied));

        byte[] With(string key, string? inner, string? value)
        {
            var changed = good.DeepClone().AsObject();
            if (inner is null) changed[key] = value;
            else changed[key]![inner] = value;
            return Encoding.UTF8.GetBytes(changed.ToJsonString());
        }

        byte[] Without(string key)
        {
            var changed = good.DeepClone().AsObject();
            changed.Remove(key);
            return Encoding.UTF8.GetBytes(changed.ToJsonString());
        }

        static byte[] Flipped(byte[] bytes, int bit)
        {
            bytes[bit * bytes.Length / 60] ^= (byte)(1 << (bit % 8));
            return bytes;
        }
    }

    [Fact]
    public async Task A_document_in_the_wrong_place_is_refused()
    {
        await using var place = await FleetPlace.StartAsync();
        await place.PublishAsync(place.Sign(FleetPlace.Fleet(1, "{}")), forDevice: true);
        Assert.Equal(FleetRefusals.NotForThisDevice, place.Device.Reported.DeviceDesired.Refused?.Code);
        await place.PublishAsync(place.Sign(FleetPlace.OfDevice(1, "{}")), forDevice: false);
        Assert.Equal(FleetRefusals.NotForThisDevice, place.Device.Reported.FleetDesired.Refused?.Code);
        await place.PublishAsync(place.Sign(FleetPlace.OfDevice(1, "{}").Replace("till-1", "till-2", StringComparison.Ordinal)), forDevice: true);
        Assert.Equal("it is for device 'till-2', and this is 'till-1'", place.Device.Reported.DeviceDesired.Refused?.Reason);
        Assert.Equal((null, null), (place.Device.Reported.DeviceDesired.Seen, place.Device.Reported.FleetDesired.Seen));
    }

    [Fact]
    public async Task A_key_that_is_pinned_no_more_takes_its_state_along()
    {
        await using var place = await FleetPlace.StartAsync();
        await place.PublishAsync(FleetPlace.Fleet(7, Green));
        await place.Device.StopAsync(TestContext.Current.CancellationToken);
        await using var again = new FleetPlace(place.Folder);
        Assert.Null(again.Settings["Hybrid:Policy"]);
        Assert.Equal(new(null, 7, null), again.Device.Reported.FleetDesired);
    }

    [Fact]
    public async Task Rules_see_the_device_s_own_configuration_and_its_own_faults_are_not_the_fleet_s()
    {
        var device = new ConfigurationBuilder().AddInMemoryCollection([new("Hybrid:Pools:near:Model", "m"), new("Hybrid:Pools:near:Zone", "site"), new("Hybrid:Pools:near:Endpoint", "http://near:1"), new("Hybrid:Zebra", "1")]).Build();
        await using var place = await FleetPlace.StartAsync(device: device);
        await place.PublishAsync(FleetPlace.Fleet(1, """{ "Policies": { "p": { "AllowedTargets": [ "near" ] } } }"""));
        Assert.Equal(new(1, 1, null), place.Device.Reported.FleetDesired);
        await place.PublishAsync(FleetPlace.Fleet(2, """{ "Policies": { "p": { "AllowedTargets": [ "far" ] } } }"""));
        Assert.Contains("there is no target 'far'", place.Device.Reported.FleetDesired.Refused?.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_targets_are_made_of_counts_from_the_next_start_and_is_said()
    {
        const string Pools = """{ "Pools": { "near": { "Model": "m", "Zone": "site", "Endpoint": "http://near:1" } } }""";
        await using var place = await FleetPlace.StartAsync();
        await place.PublishAsync(FleetPlace.Fleet(1, Pools));
        Assert.Equal(["Hybrid:Pools"], place.Device.Reported.RestartRequired);
        Assert.NotNull(place.Configuration.Memory.Trial); // proven by the next start
        await place.Device.StopAsync(TestContext.Current.CancellationToken);
        await using var again = await FleetPlace.StartAsync(place.Folder, key: place.Key);
        Assert.Empty(again.Device.Reported.RestartRequired);
        Assert.Null(again.Configuration.Memory.Trial);
        Assert.Equal(("http://near:1", 1), (again.Settings["Hybrid:Pools:near:Endpoint"], again.Device.Reported.FleetDesired.Applied));
    }

    [Fact]
    public void Pools_that_nobody_can_make_are_told_before_the_next_start_would()
    {
        using var services = new ServiceCollection().BuildServiceProvider();
        var device = new ConfigurationBuilder().AddInMemoryCollection([new("Hybrid:Zebra", "1")]).Build();
        var check = FleetHealth.OfTargets(services, device);
        Assert.Contains("Hybrid:Pools:p:Type: there is no pool type 'worker'", Assert.Single(check(new Dictionary<string, string?> { ["Hybrid:Pools:p:Endpoint"] = "http://p:1", ["Hybrid:Pools:p:Zone"] = "site", ["Hybrid:Pools:p:Model"] = "m" })), StringComparison.Ordinal);
        Assert.Empty(check(new Dictionary<string, string?> { ["Hybrid:Policy"] = "green" }));
    }

    [Fact]
    public async Task An_app_s_own_rules_count_too()
    {
        await using var place = await FleetPlace.StartAsync(parts: new() { Check = settings => settings.ContainsKey("Hybrid:Policy") ? ["Hybrid:Policy: not here"] : [] });
        await place.PublishAsync(FleetPlace.Fleet(1, """{ "Policy": "fast" }"""));
        Assert.Equal("Hybrid:Policy: not here", place.Device.Reported.FleetDesired.Refused?.Reason);
    }
}
