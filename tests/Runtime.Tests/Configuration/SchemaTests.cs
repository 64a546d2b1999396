using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Hybrid.Accounting.Budgets;
using Hybrid.Configuration;
using Hybrid.Models.Peers;
using Hybrid.Models.Prefetch;
using Hybrid.Policy;
using Hybrid.Policy.Log;
using Hybrid.Targets;
using Microsoft.Extensions.Configuration;

namespace Hybrid.Tests.Configuration;

/// <summary>The schema for editors and the readers agree: keys, kinds, ranges and defaults.</summary>
public class SchemaTests
{
    private const string Page = "docs/hybrid.schema.json";
    private const string Nonsense = "zzzzzzzzzzzzzzzz"; // near no key, so that the error lists all of them

    /// <summary>Every value of the schema by its path, such as <c>Hybrid:Policies:any-policies:Offline</c>.</summary>
    public static TheoryData<string> Values => new(Walk(SettingsSchema.Section, [HybridOptions.Section]).Where(one => IsValue(one.Schema)).Select(one => string.Join(':', one.Path)));

    /// <summary>Every section with fixed keys.</summary>
    public static TheoryData<string> Sections => new(Walk(SettingsSchema.Section, [HybridOptions.Section]).Where(one => SettingsSchema.IsClosed(one.Schema)).Select(one => string.Join(':', one.Path)));

    [Fact]
    public void A_file_with_every_key_of_it_is_read_without_an_error() => Assert.Empty(Read(Example()));

    [Theory]
    [MemberData(nameof(Sections))]
    public void Every_key_that_is_read_is_in_it(string path)
    {
        var settings = Example();
        At(settings, path.Split(':'))[Nonsense] = 1;
        var error = Assert.Single(Read(settings), error => error.Contains(Nonsense, StringComparison.Ordinal));
        Assert.StartsWith($"{path}:{Nonsense}: there is no such key; there are ", error, StringComparison.Ordinal);
        var read = error[(error.IndexOf("there are ", StringComparison.Ordinal) + "there are ".Length)..].Split(", ");
        var written = SettingsSchema.Properties(Find(path)).Select(pair => pair.Key).ToArray();
        var missing = read.Except(written).ToArray();
        Assert.True(missing.Length == 0, $"{path} has the keys {string.Join(", ", missing)}, which {Page} lacks: add each with a description, its kind and its range.");
        Assert.Empty(written.Except(read));
    }

    [Theory]
    [MemberData(nameof(Values))]
    public void What_it_forbids_is_refused_with_its_path_and_what_it_allows_is_taken(string path)
    {
        var schema = Find(path);
        foreach (var (wrong, why) in Wrong(schema))
        {
            var error = Assert.Single(Read(With(path, wrong)), error => error.StartsWith(path, StringComparison.Ordinal));
            Assert.True(error.Length > path.Length + 2, $"{path} = {wrong} ({why})");
        }

        foreach (var right in Right(schema))
            Assert.DoesNotContain(Read(With(path, right)), error => error.StartsWith(path + ":", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(typeof(RoutingPolicy), "Hybrid:Policies:any-policies", "Name", "Version")]
    [InlineData(typeof(TargetDescriptor), "Hybrid:Pools:any-pools", "Name", "Capabilities")]
    [InlineData(typeof(TargetDescriptor), "Hybrid:Local", "Zone", "Capabilities")]
    [InlineData(typeof(TargetDescriptor), "Hybrid:Local:Models:any-models", "Name", "Zone", "Capabilities")]
    [InlineData(typeof(PoolOptions), "Hybrid:Pools:any-pools", "Descriptor", "BoardPath")]
    [InlineData(typeof(ReplicaOptions), "Hybrid:Pools:any-pools:Replicas:any-replicas", "Name")]
    [InlineData(typeof(ReplicaLimitOptions), "Hybrid:Pools:any-pools:Limits")]
    [InlineData(typeof(ReplicaHealthOptions), "Hybrid:Pools:any-pools:Health")]
    [InlineData(typeof(RetryOptions), "Hybrid:Pools:any-pools:Retries")]
    [InlineData(typeof(CanaryOptions), "Hybrid:Pools:any-pools:Canary")]
    [InlineData(typeof(LocalOptions), "Hybrid:Local", "Descriptor", "LlamaPath")]
    [InlineData(typeof(GridOptions), "Hybrid:Grid")]
    [InlineData(typeof(BudgetOptions), "Hybrid:Budgets")]
    [InlineData(typeof(BudgetLimits), "Hybrid:Budgets:Tenants:any-tenants")]
    [InlineData(typeof(DecisionLogOptions), "Hybrid:DecisionLog")]
    [InlineData(typeof(ModelsOptions), "Hybrid:Models")]
    [InlineData(typeof(FleetOptions), "Hybrid:Fleet")]
    [InlineData(typeof(FleetTlsOptions), "Hybrid:Fleet:Tls")]
    [InlineData(typeof(FleetOutboxOptions), "Hybrid:Fleet:Outbox")]
    [InlineData(typeof(PrefetchOptions), "Hybrid:Models:Prefetch")]
    [InlineData(typeof(PeerOptions), "Hybrid:Models:Peers")]
    public void Every_figure_can_be_configured(Type type, string path, params string[] but)
    {
        var written = SettingsSchema.Properties(Find(path)).Select(pair => pair.Key).ToArray();
        var figures = type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(property => property.Name).Except(but);
        Assert.True(!figures.Except(written).Any(), $"{type.Name} has {string.Join(", ", figures.Except(written))}, which {path} in {Page} lacks.");
    }

    [Theory]
    [InlineData("Hybrid:Policies:any-policies")]
    [InlineData("Hybrid:Local")]
    [InlineData("Hybrid:Pools:any-pools")]
    [InlineData("Hybrid:Models:Prefetch")]
    public void Its_defaults_are_those_of_the_code(string path)
    {
        object code = path.Contains("Policies", StringComparison.Ordinal) ? PolicyPresets.Balanced : path.EndsWith("Prefetch", StringComparison.Ordinal) ? new PrefetchOptions() : new TargetDescriptor { Name = "device", Model = "", Zone = Zone.Device };
        foreach (var (key, schema) in SettingsSchema.Properties(Find(path)))
        {
            if (schema["default"] is not { } stated || code.GetType().GetProperty(key)?.GetValue(code) is not { } value)
                continue;
            var text = value is TimeSpan time ? time.TotalSeconds.ToString(CultureInfo.InvariantCulture) : Convert.ToString(value, CultureInfo.InvariantCulture)!;
            Assert.Equal(text, stated.ToString(), ignoreCase: true);
        }
    }

    [Fact]
    public void Every_key_is_described() => Assert.All(
        Walk(SettingsSchema.Section, [HybridOptions.Section]), one => Assert.False(string.IsNullOrEmpty(one.Schema["description"]?.GetValue<string>()), string.Join(':', one.Path)));

    [Fact]
    public void The_sample_and_every_configuration_in_the_pages_keep_it()
    {
        List<(string Name, string Json)> documents = [.. new[] { "samples/ConsoleChat/appsettings.json", "samples/edge-device/agent.json" }.Select(sample => (sample, Text(sample)))];
        foreach (var page in new[] { "README.md", "docs/configuration.md" })
            documents.AddRange(Regex.Matches(Text(page), "```json\n(?<json>.*?)```", RegexOptions.Singleline).Select(block => (page, block.Groups["json"].Value)));
        Assert.True(documents.Count >= 4);
        Assert.All(documents, document => Assert.Empty(SettingsSchema.Errors(JsonNode.Parse(document.Json), SettingsSchema.Whole, document.Name)));
    }

    [Theory]
    [InlineData("""{ "Hybrid": { "Polcy": "fast" } }""", ":Hybrid:Polcy: there is no such key")]
    [InlineData("""{ "Hybrid": { "Privacy": "private" } }""", ":Hybrid:Privacy: \"private\" is none of")]
    [InlineData("""{ "Hybrid": { "Policies": { "p": { "DollarsPerSecond": -1 } } } }""", ":Hybrid:Policies:p:DollarsPerSecond: -1 is out of range")]
    [InlineData("""{ "Hybrid": { "Policies": { "p": { "MaxGramsPerRequest": 0 } } } }""", ":Hybrid:Policies:p:MaxGramsPerRequest: 0 is out of range")]
    [InlineData("""{ "Hybrid": { "Pools": { "p": { "Zone": "mars" } } } }""", ":Hybrid:Pools:p:Zone: 'mars' does not look like")]
    [InlineData("""{ "Hybrid": { "Local": { "Slots": 1.5 } } }""", ":Hybrid:Local:Slots: it is not integer")]
    [InlineData("""{ "Hybrid": { "Policies": { "p": { "AllowedZones": [ "device", 1 ] } } } }""", ":Hybrid:Policies:p:AllowedZones:1: it is not string")]
    public void An_editor_sees_what_is_wrong(string json, string error) =>
        Assert.StartsWith(error, Assert.Single(SettingsSchema.Errors(JsonNode.Parse(json), SettingsSchema.Whole)), StringComparison.Ordinal);

    private static bool IsValue(JsonObject schema) => schema["enum"] is not null || SettingsSchema.Types(schema).Except(["object", "array"]).Any();

    /// <summary>Every schema below one, with the path of a key that it is for.</summary>
    private static IEnumerable<(string[] Path, JsonObject Schema)> Walk(JsonObject schema, string[] path)
    {
        yield return (path, schema);
        var below = SettingsSchema.Properties(schema).ToList();
        if (SettingsSchema.Entries(schema) is { } entry)
            below.Add(new(NameIn(path), entry));
        foreach (var one in below.SelectMany(pair => Walk(pair.Value, [.. path, pair.Key])))
            yield return one;
    }

    private static JsonObject Find(string path) => Walk(SettingsSchema.Section, [HybridOptions.Section]).Single(one => string.Join(':', one.Path) == path).Schema;

    /// <summary>The name of an entry where names are free; targets' must differ.</summary>
    private static string NameIn(string[] path) => "any-" + path[^1].ToLowerInvariant();

    private static JsonObject Example() => new() { [HybridOptions.Section] = Example(SettingsSchema.Section, [HybridOptions.Section]) };

    private static JsonNode Example(JsonObject schema, string[] path)
    {
        if (schema["examples"] is JsonArray examples)
            return examples[0]!.DeepClone();
        if (schema["enum"] is JsonArray values)
            return values[0]!.DeepClone();
        switch (SettingsSchema.Types(schema).FirstOrDefault())
        {
            case "boolean":
                return true;
            case "array":
                return new JsonArray(Example(SettingsSchema.Resolve((JsonObject)schema["items"]!), path));
            case "object":
                var section = new JsonObject();
                foreach (var (key, property) in SettingsSchema.Properties(schema))
                    section[key] = Example(property, [.. path, key]);
                if (SettingsSchema.Entries(schema) is { } entry)
                    section[NameIn(path)] = Example(entry, [.. path, NameIn(path)]);
                return section;
            default:
                throw new InvalidOperationException($"{string.Join(':', path)} in {Page} needs \"examples\".");
        }
    }

    private static IEnumerable<(string Value, string Why)> Wrong(JsonObject schema)
    {
        var types = SettingsSchema.Types(schema);
        if (schema["enum"] is not null || schema["pattern"] is not null) yield return (Nonsense, "no such form");
        if (types is ["boolean"]) yield return ("perhaps", "no truth value");
        if (!types.Contains("number") && !types.Contains("integer")) yield break;
        foreach (var odd in new[] { "NaN", "Infinity", "-Infinity", "1e999", "some" }) yield return (odd, "no number");
        if (types.Contains("integer")) yield return ("1.5x", "not whole");
        if (Limit(schema, "exclusiveMinimum") is { } above) yield return (Digits(above), "at the limit it excludes");
        if ((Limit(schema, "minimum") ?? Limit(schema, "exclusiveMinimum")) is { } least) yield return (Digits(least - 1), "below the least");
        if (Limit(schema, "maximum") is { } most) yield return (Digits(most + 1), "above the most");
    }

    private static IEnumerable<string> Right(JsonObject schema)
    {
        if (schema["enum"] is JsonArray values)
        {
            foreach (var value in values) yield return value!.ToString();
        }

        foreach (var example in schema["examples"]?.AsArray() ?? []) yield return example!.ToString();
        if (Limit(schema, "minimum") is { } least) yield return Digits(least);
        if (Limit(schema, "maximum") is { } most) yield return Digits(most);
        if (Limit(schema, "exclusiveMinimum") is { } above) yield return Digits(above + 1e-3);
    }

    private static double? Limit(JsonObject schema, string keyword) => schema[keyword]?.GetValue<double>();

    private static string Digits(double value) => value.ToString(CultureInfo.InvariantCulture);

    private static JsonObject With(string path, string value)
    {
        var settings = Example();
        var steps = path.Split(':');
        At(settings, steps[..^1])[steps[^1]] = value;
        return settings;
    }

    private static JsonObject At(JsonObject settings, string[] path) => path.Aggregate(settings, (section, step) => (JsonObject)section[step]!);

    private static IList<string> Read(JsonObject settings)
    {
        var configuration = new ConfigurationBuilder().AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(settings.ToJsonString()))).Build();
        var options = new HybridOptions();
        new HybridOptionsReader(configuration.GetSection(HybridOptions.Section)).Configure(options);
        return options.Errors;
    }

    private static string Text(string path) => File.ReadAllText(Path.Combine(SettingsSchema.Root, path)).ReplaceLineEndings("\n");
}
