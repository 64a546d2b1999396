using Hybrid.Configuration;
using Hybrid.Edge.Mqtt;
using Hybrid.Targets;
using Microsoft.Extensions.Configuration;

namespace Hybrid.Edge.Inference;

/// <summary>Makes the pools of type <c>bus</c>.</summary>
internal sealed class BusTargetFactory(Func<IMqttClient?> bus, string? fleet, string? name, TimeProvider time) : ITargetFactory
{
    public string Type => "bus";

    public ITarget Create(PoolOptions options)
    {
        var path = $"{HybridOptions.Section}:{nameof(HybridOptions.Pools)}:{options.Descriptor.Name}";
        List<string> errors = [];
        var settings = new SectionReader(
            new ConfigurationBuilder().AddInMemoryCollection(options.Settings.Select(pair => KeyValuePair.Create($"{path}:Settings:{pair.Key}", (string?)pair.Value))).Build().GetSection($"{path}:Settings"),
            errors);
        var read = new BusTargetOptions
        {
            Descriptor = options.Descriptor,
            Fleet = settings.Text(nameof(BusTargetOptions.Fleet)) ?? fleet ?? "",
            Device = settings.Text(nameof(BusTargetOptions.Device)) ?? "",
            ReplyName = settings.Text(nameof(BusTargetOptions.ReplyName)) ?? name ?? "",
            TimeProvider = time,
        };
        read = read with
        {
            FirstUpdateTimeout = settings.Time(nameof(read.FirstUpdateTimeout)) ?? read.FirstUpdateTimeout,
            IdleTimeout = settings.Time(nameof(read.IdleTimeout)) ?? read.IdleTimeout,
        };
        settings.RefuseUnknown();
        if (read.Device.Length == 0) settings.Error(nameof(read.Device), "it is missing; name the gateway that answers");
        if (read.Fleet.Length == 0) settings.Error(nameof(read.Fleet), "it is missing; name the gateway's fleet");
        if (read.ReplyName.Length == 0) settings.Error(nameof(read.ReplyName), "it is missing; give this process a name of its own in the fleet");
        var client = bus();
        if (client is null) errors.Add($"{path}:Type: there is no connection to a broker in this process; a pool of type bus needs one");
        FigureRules.ThrowIfAny(errors);
        return new BusTarget(client!, read);
    }
}
