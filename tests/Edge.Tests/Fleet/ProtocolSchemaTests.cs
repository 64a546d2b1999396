using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Hybrid.Accounting;
using Hybrid.CloudWorker.Tests;
using Hybrid.Edge.Fleet;

namespace Hybrid.Edge.Tests.Fleet;

/// <summary>What is sent, and the schemas of docs/edge that others read it by, agree: every key that is sent is in them, and every key in them is sent.</summary>
public sealed class ProtocolSchemaTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly ReportedDesired Desired = new(1, 2, new(2, FleetRefusals.Invalid, "why", Now));

    private static readonly string[] Anything = ["$schema"]; // for editors alone

    public static TheoryData<string, string> Sent => new()
    {
        { "presence", JsonSerializer.Serialize(new DevicePresence(1, true, Now, "1.0"), FleetJson.Default.DevicePresence) },
        { "command-result", JsonSerializer.Serialize(new CommandResult(1, "i", "c", true, "o", Now), FleetJson.Default.CommandResult) },
        { "command", JsonSerializer.Serialize(new CommandDocument { Schema = 1, Id = "i", Fleet = "f", Device = "d", Command = "c", Arguments = new() { ["a"] = 1 }, Expires = Now }, FleetJson.Default.CommandDocument) },
        { "envelope", JsonSerializer.Serialize(new SignedEnvelope(SignedEnvelope.Desired, [1, 2], new("k", "ecdsa-p256-sha256", "v")), FleetJson.Default.SignedEnvelope) },
        { "desired", """{ "schema": 1, "version": 1, "fleet": "f", "device": "d", "created": "2026-01-01T00:00:00Z", "configuration": { "Policy": "green", "Privacy": "secret", "Policies": {}, "Pools": {}, "Grid": { "Static": { "DE": 1 } }, "Models": { "Prefetch": {} } }, "models": { "m": "hf:a/b", "n": null } }""" },
        {
            "reported", JsonSerializer.Serialize(
                new ReportedState
                {
                    Fleet = "f", Device = "d", At = Now, Agent = "1.0", UptimeSeconds = 1.5, FleetDesired = Desired, DeviceDesired = Desired, RestartRequired = ["Hybrid:Pools"],
                    Models = [new("m:q8", "failed", 5, "why")], Facts = new() { ["battery"] = 1 }, Outbox = new(), Spend = new() { Since = Now },
                }, FleetJson.Default.ReportedState)
        },
        {
            "telemetry", JsonSerializer.Serialize(
                new TelemetryRecord
                {
                    Id = "i", At = Now, Policy = "p", Finish = RequestFinish.Stop, Error = HybridError.Busy, DeferredForSeconds = 1, FirstTokenSeconds = 1, TotalSeconds = 2,
                    Segments = [new("t", "m", "device", true, 1, 1, 1, 1, 0.5, 1, 1, 1, 1, RequestFinish.Stop, HybridError.Busy)],
                }, FleetJson.Default.TelemetryRecord)
        },
    };

    [Theory]
    [MemberData(nameof(Sent))]
    public void What_is_sent_and_its_schema_agree(string name, string json)
    {
        var schema = Schema(name);
        Assert.Empty(Errors(JsonNode.Parse(json), schema, name));
        Assert.Empty(Unused(JsonNode.Parse(json), schema, name));
    }

    [Fact]
    public void Every_code_of_a_refusal_is_in_the_schema()
    {
        string[] codes = [.. typeof(FleetRefusals).GetFields().Select(field => (string)field.GetRawConstantValue()!).Where(code => code != FleetRefusals.Expired)]; // commands alone expire
        Assert.Equal(codes.Order(), Schema("reported")["properties"]!["fleetDesired"]!["properties"]!["refused"]!["properties"]!["code"]!["enum"]!.AsArray().Select(code => code!.GetValue<string>()).Order());
    }

    [Fact]
    public void The_example_of_the_page_is_taken_by_a_device()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "edge-protocol.md")).ReplaceLineEndings("\n");
        var examples = Regex.Matches(page, "```json\n(?<json>.*?)```", RegexOptions.Singleline).Select(block => block.Groups["json"].Value).ToArray();
        Assert.NotEmpty(examples);
        foreach (var example in examples)
        {
            Assert.Empty(Errors(JsonNode.Parse(example), Schema("desired"), "desired"));
            var document = DesiredDocument.Read(Encoding.UTF8.GetBytes(example), out var refusal);
            Assert.True(document is not null, refusal?.Reason);
            Assert.Empty(DesiredState.Of(document, null).Problems(null));
        }
    }

    private static JsonObject Schema(string name) => JsonNode.Parse(File.ReadAllText(Path.Combine(Repository.Root, "docs", "edge", name + ".schema.json")))!.AsObject();

    private static IEnumerable<string> Errors(JsonNode? node, JsonObject schema, string path)
    {
        string[] types = schema["type"] switch { null => [], JsonArray several => [.. several.Select(type => type!.GetValue<string>())], var one => [one.GetValue<string>()] };
        if (types.Length > 0 && !Array.Exists(types, type => Is(node, type))) yield return $"{path}: it is not {string.Join(" or ", types)}";
        if (schema["const"] is { } constant && !JsonNode.DeepEquals(constant, node)) yield return $"{path}: it is not {constant}";
        if (schema["enum"] is JsonArray values && !values.Any(value => JsonNode.DeepEquals(value, node))) yield return $"{path}: {node} is none of {values.ToJsonString()}";
        if (schema["pattern"] is { } pattern && !Regex.IsMatch(node!.GetValue<string>(), pattern.GetValue<string>())) yield return $"{path}: '{node}' does not look like {pattern}";
        foreach (var required in schema["required"]?.AsArray() ?? [])
            if (node is JsonObject section && !section.ContainsKey(required!.GetValue<string>())) yield return $"{path}:{required}: it is missing";
        foreach (var (key, value) in node as JsonObject ?? [])
        {
            if (schema["properties"]?[key] is JsonObject property)
                foreach (var error in Errors(value, property, $"{path}:{key}")) yield return error;
            else if (schema["additionalProperties"] is JsonObject entry)
                foreach (var error in Errors(value, entry, $"{path}:{key}")) yield return error;
            else if (schema["additionalProperties"] is JsonValue closed && !closed.GetValue<bool>()) yield return $"{path}:{key}: it is not in the schema";
        }

        if (schema["items"] is JsonObject item)
            foreach (var error in (node as JsonArray ?? []).SelectMany((one, i) => Errors(one, item, $"{path}:{i}"))) yield return error;
    }

    /// <summary>Keys of the schema that a full message does not have.</summary>
    private static IEnumerable<string> Unused(JsonNode? node, JsonObject schema, string path)
    {
        foreach (var (key, property) in schema["properties"]?.AsObject() ?? [])
        {
            if (node is not JsonObject section || !section.TryGetPropertyValue(key, out var value))
            {
                if (!Anything.Contains(key)) yield return $"{path}:{key}: it is never sent";
                continue;
            }

            foreach (var unused in Unused(value, property!.AsObject(), $"{path}:{key}")) yield return unused;
        }

        if (schema["items"] is JsonObject item && node is JsonArray { Count: > 0 } list)
            foreach (var unused in Unused(list[0], item, $"{path}:0")) yield return unused;
    }

    private static bool Is(JsonNode? node, string type) => type switch
    {
        "object" => node is JsonObject,
        "array" => node is JsonArray,
        "null" => node is null,
        "string" => node?.GetValueKind() is JsonValueKind.String,
        "boolean" => node?.GetValueKind() is JsonValueKind.True or JsonValueKind.False,
        "number" => node?.GetValueKind() is JsonValueKind.Number,
        _ => type == "integer" && node?.GetValueKind() is JsonValueKind.Number && double.IsInteger(node.GetValue<double>()),
    };
}
