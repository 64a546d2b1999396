using System.Net;
using Hybrid.Configuration;

namespace Hybrid.CloudWorker;

/// <summary>The rules that <see cref="WorkerOptions"/> must keep; all that are broken are told at once.</summary>
internal static class WorkerOptionsValidation
{
    public static IReadOnlyList<string> Check(WorkerOptions options)
    {
        var errors = new List<string>();
        if (options.Model.Length == 0)
            errors.Add("Model is not set; give --model PATH.");
        CheckModels(errors, options);
        Within(errors, nameof(options.HttpPort), options.HttpPort, 0, 65535);
        Within(errors, nameof(options.GrpcPort), options.GrpcPort, 0, 65535);
        Within(errors, nameof(options.Threads), options.Threads, 0, 1024);
        Within(errors, nameof(options.Slots), options.Slots, 0, 64);
        Within(errors, nameof(options.KvTokens), options.KvTokens, 0, int.MaxValue / 64);
        Within(errors, nameof(options.Context), options.Context, 0, int.MaxValue);
        Within(errors, nameof(options.Queue), options.Queue, 0, 1_000_000);
        Within(errors, nameof(options.Poll), options.Poll ?? 0, 0, 100);
        Within(errors, nameof(options.MaxRequestBytes), options.MaxRequestBytes, 1024, 1 << 30);
        if (options.HttpPort != 0 && options.HttpPort == options.GrpcPort)
            errors.Add($"HttpPort and GrpcPort are both {options.HttpPort}; give each its own.");
        if (options.ColdStart < TimeSpan.Zero || options.ColdStart > TimeSpan.FromHours(1))
            errors.Add($"ColdStart is {options.ColdStart}; it must be from 0 to 1 hour.");
        if (options.ScaleToZeroAfter is { } idle && (idle <= TimeSpan.Zero || idle > TimeSpan.FromDays(7)))
            errors.Add($"ScaleToZeroAfter is {idle}; it must be above 0 and at most 7 days.");
        if (options.ScaleToZeroAfter is not null && options.ColdStart is null)
            errors.Add("ScaleToZeroAfter is set and ColdStart is not; set both, for only a worker with a cold start unloads.");
        if (options.ShutdownGrace < TimeSpan.Zero || options.ShutdownGrace > TimeSpan.FromMinutes(10))
            errors.Add($"ShutdownGrace is {options.ShutdownGrace}; it must be from 0 to 10 minutes.");
        if (options.ApiKeys.Any(string.IsNullOrWhiteSpace))
            errors.Add("ApiKeys holds an empty key; remove it or give it a value.");
        CheckTls(errors, options.Tls);
        CheckBind(errors, options);
        return errors;
    }

    private static void CheckModels(List<string> errors, WorkerOptions options)
    {
        if (options.Models.Any(string.IsNullOrEmpty))
            errors.Add("Models holds an empty path; remove it or give --model PATH.");
        foreach (var twice in options.Served.GroupBy(model => model.Id).Where(models => models.Count() > 1))
            errors.Add($"Two models have the id '{twice.Key}'; tell them apart with --model ID=PATH.");
        if (options.MemoryBudget is { } budget && !ByteSize.TryParse(budget, out _))
            errors.Add($"MemoryBudget is '{budget}'; write an amount such as {ByteSize.Example}.");
        if (options.KeepAlive is { } alive && (alive < TimeSpan.Zero || alive > TimeSpan.FromDays(7)))
            errors.Add($"KeepAlive is {alive}; it must be from 0 to 7 days.");
        if (options.KeepAlive is not null && options.ScaleToZeroAfter is not null)
            errors.Add("KeepAlive and ScaleToZeroAfter are both set; set one, for both say when an idle model is unloaded.");
    }

    private static void CheckTls(List<string> errors, TlsOptions tls)
    {
        if (!tls.Enabled && (tls.KeyPath is not null || tls.Password is not null))
            errors.Add("Tls:KeyPath or Tls:Password is set and Tls:CertificatePath is not; set the certificate too.");
        if (tls.Enabled && !File.Exists(tls.CertificatePath))
            errors.Add($"Tls:CertificatePath is '{tls.CertificatePath}'; there is no such file.");
        if (tls.KeyPath is not null && !File.Exists(tls.KeyPath))
            errors.Add($"Tls:KeyPath is '{tls.KeyPath}'; there is no such file.");
    }

    private static void CheckBind(List<string> errors, WorkerOptions options)
    {
        if (!IPAddress.TryParse(options.Bind, out var address))
            errors.Add($"Bind is '{options.Bind}'; it must be an IP address such as 127.0.0.1 or 0.0.0.0.");
        else if (!IPAddress.IsLoopback(address) && !options.Insecure && (options.ApiKeys.Count == 0 || !options.Tls.Enabled))
            errors.Add($"Bind is '{options.Bind}', which others can reach, and the worker has {Missing(options)}; set both, or allow it with --insecure.");
    }

    private static string Missing(WorkerOptions options) => (options.ApiKeys.Count, options.Tls.Enabled) switch
    {
        (0, false) => "neither an API key (ApiKeys) nor a certificate (Tls:CertificatePath)",
        (0, true) => "no API key (ApiKeys)",
        _ => "no certificate (Tls:CertificatePath)",
    };

    private static void Within(List<string> errors, string name, int value, int least, int most)
    {
        if (value < least || value > most)
            errors.Add($"{name} is {value}; it must be from {least} to {most}.");
    }
}
