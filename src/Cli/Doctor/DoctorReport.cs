using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Hybrid.Device;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Engines.Residency;
using Hybrid.Targets;
using Microsoft.Extensions.Configuration;

namespace Hybrid.Cli.Doctor;

/// <summary>One thing that was looked at.</summary>
/// <param name="Name">What.</param>
/// <param name="Found">What was found; empty where it is missing.</param>
/// <param name="Problem">What is wrong and what to do; null where nothing is.</param>
internal sealed record Finding(string Name, string Found, string? Problem = null);

/// <summary>Everything that was looked at.</summary>
internal sealed record DoctorReport(IReadOnlyList<Finding> Findings)
{
    public bool Healthy => Findings.All(finding => finding.Problem is null);

    public static async Task<DoctorReport> MakeAsync(IConfiguration configuration, CancellationToken cancellationToken)
    {
        var findings = new List<Finding>
        {
            new("system", $"{RuntimeInformation.OSDescription}, {RuntimeInformation.RuntimeIdentifier}, .NET {Environment.Version}"),
            new("processor", $"{Environment.ProcessorCount} cores for this process"),
            new("memory", $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 20} MB for this process"),
        };
        findings.Add(new("device", Words(new SystemFacts(TimeProvider.System).Now)));
        AddNatives(findings, configuration["Hybrid:Native:LlamaPath"]);
        try
        {
            await using var host = HybridHost.Start(configuration);
            foreach (var target in (IReadOnlyList<ITarget>)host.Client.GetService(typeof(IReadOnlyList<ITarget>))!)
                findings.Add(await LookAtAsync(target, configuration, cancellationToken));
        }
        catch (HybridException exception) when (exception.Error == HybridError.Configuration)
        {
            findings.Add(new("configuration", "", exception.Message));
        }

        return new(findings);
    }

    public string ToText()
    {
        var text = new StringBuilder();
        foreach (var (name, found, problem) in Findings)
            text.AppendLine($"{(problem is null ? "ok  " : "FAIL")} {name,-16} {(problem is null ? found : problem)}");
        return text.ToString();
    }

    public string ToJson() => JsonSerializer.Serialize(this, DoctorJson.Default.DoctorReport);

    private static void AddNatives(List<Finding> findings, string? path)
    {
        try
        {
            var system = LlamaSystem.Inspect(path);
            findings.Add(new("llama.cpp", $"{system.Version} in {system.Folder}"));
            findings.Add(new("cpu features", system.Features));
            foreach (var device in system.Devices)
                findings.Add(new($"device {device.Name}", $"{device.Description}, {device.TotalBytes >> 20} MB, {device.FreeBytes >> 20} MB free"));
            if (system.GpuProblem is { } problem)
                findings.Add(new("gpu", "", problem));
            else if (system.Devices.All(device => device.Name == "CPU"))
                findings.Add(new("gpu", "none; native/README.md says how to use one"));
        }
        catch (HybridException exception)
        {
            findings.Add(new("llama.cpp", "", exception.Message));
        }
    }

    private static string Words(DeviceFacts facts) => string.Join(", ",
        facts.BatteryLeft is { } left ? $"battery {left:P0} left" : "on mains",
        facts.Celsius is { } celsius ? $"{celsius:0.#} °C{(facts.IsThrottled ? ", slowed down for heat" : "")}" : "temperature not told",
        facts.IsMemoryShort ? "short of memory" : "memory free",
        $"line {facts.Link ?? "not told"}{(facts.IsMetered ? ", paid by the byte" : "")}");

    /// <summary>A model is loaded and a pool is asked for its state; neither decodes.</summary>
    private static async Task<Finding> LookAtAsync(ITarget target, IConfiguration configuration, CancellationToken cancellationToken)
    {
        var name = $"target {target.Descriptor.Name}";
        if (target is INetworkTarget pool)
        {
            var answered = await pool.ProbeAsync(cancellationToken);
            var state = target.State;
            return state.Readiness == TargetReadiness.Unavailable
                ? new(name, "", state.Reason)
                : new(name, $"{(answered is null ? "cannot be asked" : state.Readiness.ToString().ToLowerInvariant())}, {target.Descriptor.Zone}, model {target.Descriptor.Model}");
        }

        try
        {
            await target.WarmAsync(cancellationToken);
            var loaded = target.Descriptor;
            var path = configuration["Hybrid:Local:ModelPath"];
            return new(name, $"{path}: {loaded.ParametersBillions * 1000:0.#}M parameters, context {loaded.ContextLength}, {loaded.Capabilities}{((target as ResidentTarget)?.WhereItRuns() is { } place ? $", {place}" : "")}");
        }
        catch (HybridException exception)
        {
            return new(name, "", exception.Message);
        }
    }
}

/// <summary>The report's JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(DoctorReport))]
internal sealed partial class DoctorJson : JsonSerializerContext;
