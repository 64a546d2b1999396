using System.CommandLine;
using System.Text;
using System.Text.Json;
using Hybrid.Configuration;
using Hybrid.Policy;
using Microsoft.Extensions.Configuration;

namespace Hybrid.Cli.Policy;

/// <summary><c>hybrid policy show</c>: policies with every figure resolved, and where each came from.</summary>
internal static class ShowCommand
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true };

    public static Command Create()
    {
        var name = new Argument<string?>("name") { Description = "The policy; all of them if none is named.", Arity = ArgumentArity.ZeroOrOne };
        var config = PolicyCommand.ConfigOption();
        var json = new Option<bool>("--json") { Description = "One JSON object on standard output; text for people goes to standard error." };
        var command = new Command("show", "Show policies with inheritance resolved: each figure and where it came from.") { name, config, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var configured = await ConfiguredPolicies.LoadAsync(parsed.GetValue(config));
            var policies = Choose(configured, parsed.GetValue(name));
            var asJson = parsed.GetValue(json);
            await (asJson ? Console.Error : Console.Out).WriteAsync(Text(configured, policies).AsMemory(), cancellationToken);
            if (asJson)
                await Console.Out.WriteLineAsync(Json(configured, policies).AsMemory(), cancellationToken);
            return ExitCode.Done;
        });
        return command;
    }

    private static IReadOnlyList<RoutingPolicy> Choose(ConfiguredPolicies configured, string? name)
    {
        if (name is null)
            return configured.All;
        return configured.All.FirstOrDefault(policy => string.Equals(policy.Name, name, StringComparison.OrdinalIgnoreCase)) is { } found
            ? [found]
            : throw new HybridException(HybridError.InvalidRequest, $"There is no policy '{name}'; there are {string.Join(", ", configured.All.Select(policy => policy.Name))}.");
    }

    private static string Text(ConfiguredPolicies configured, IReadOnlyList<RoutingPolicy> policies)
    {
        var text = new StringBuilder();
        foreach (var policy in policies)
        {
            text.AppendLine($"{policy.Name}, version {policy.Version}{(IsDefault(configured, policy) ? ", the default" : "")}");
            foreach (var figure in PolicyOrigins.Of(policy, configured.Section))
                text.AppendLine($"  {figure.Key,-24} {figure.Value,-14} {Origin(configured, figure)}");
        }

        return text.ToString();
    }

    private static string Json(ConfiguredPolicies configured, IReadOnlyList<RoutingPolicy> policies)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, Indented))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("policies");
            foreach (var policy in policies)
                Write(writer, configured, policy);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static void Write(Utf8JsonWriter writer, ConfiguredPolicies configured, RoutingPolicy policy)
    {
        writer.WriteStartObject();
        writer.WriteString("name", policy.Name);
        writer.WriteString("version", policy.Version);
        writer.WriteBoolean("default", IsDefault(configured, policy));
        writer.WriteStartArray("bases");
        foreach (var start in PolicyOrigins.Bases(policy.Name, configured.Section))
            writer.WriteStringValue(start);
        writer.WriteEndArray();
        writer.WriteStartObject("figures");
        foreach (var figure in PolicyOrigins.Of(policy, configured.Section))
        {
            writer.WriteStartObject(figure.Key);
            writer.WritePropertyName("value");
            writer.WriteRawValue(figure.Value);
            writer.WriteString("from", Origin(configured, figure));
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static bool IsDefault(ConfiguredPolicies configured, RoutingPolicy policy) => string.Equals(policy.Name, configured.Options.Policy, StringComparison.OrdinalIgnoreCase);

    /// <summary>The preset, or the file or the environment with the key path.</summary>
    private static string Origin(ConfiguredPolicies configured, PolicyFigure figure) =>
        figure.Path is { } path ? $"{ConfigurationSources.Of(configured.Root, path)}, {path}" : $"preset {figure.Preset}";
}
