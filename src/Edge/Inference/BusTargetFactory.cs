using Hybrid.Configuration;
using Hybrid.Edge.Mqtt;
using Hybrid.Targets;
using Microsoft.Extensions.Configuration;

namespace Hybrid.Edge.Inference;

/// <summary>Makes the pools of type <c>bus</c>; their endpoint is <c>bus:DEVICE</c>, or <c>bus:FLEET/DEVICE</c> for another fleet's.</summary>
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
        var place = options.Endpoint is { Scheme: "bus" } endpoint ? endpoint.AbsolutePath.Split('/') : [];
        var read = new BusTargetOptions
        {
            Descriptor = options.Descriptor,
            Fleet = place.Length == 2 ? place[0] : fleet ?? "",
            Device = place is [.., var device] && place.Length <= 2 ? device : "",
            ReplyName = settings.Text(nameof(BusTargetOptions.ReplyName)) ?? name ?? "",
            TimeProvider = time,
        };
        read = read with
        {
            FirstUpdateTimeout = settings.Time(nameof(read.FirstUpdateTimeout)) ?? read.FirstUpdateTimeout,
            IdleTimeout = settings.Time(nameof(read.IdleTimeout)) ?? read.IdleTimeout,
        };
        settings.RefuseUnknown();
        if (read.Device.Length == 0 || read.Fleet.Length == 0) errors.Add($"{path}:{nameof(options.Endpoint)}: '{options.Endpoint}' names no gateway; write bus:DEVICE, or bus:FLEET/DEVICE");
        if (read.ReplyName.Length == 0) settings.Error(nameof(read.ReplyName), "it is missing; give this process a name of its own in the fleet");
        var client = bus();
        if (client is null) errors.Add($"{path}:Type: there is no connection to a broker in this process; a pool of type bus needs one");
        FigureRules.ThrowIfAny(errors);
        return new BusTarget(client!, read);
    }
}
