using Hybrid.Edge.Mqtt.Packets;

namespace Hybrid.Edge.Mqtt;

/// <summary>Finds what is wrong with options before anything is sent, and says all of it at once.</summary>
internal static class MqttClientOptionsCheck
{
    public static void Throw(MqttClientOptions options)
    {
        var wrong = Find(options).ToList();
        if (wrong.Count > 0)
            throw new HybridException(HybridError.Configuration, $"The options of the MQTT client cannot be used: {string.Join(' ', wrong)} Nothing was sent.");
    }

    private static IEnumerable<string> Find(MqttClientOptions options)
    {
        if (!options.Broker.IsAbsoluteUri || options.Broker.Scheme is not ("mqtt" or "mqtts" or "ws" or "wss") || options.Broker.Host.Length == 0)
            yield return "Broker must be mqtt://, mqtts://, ws:// or wss:// with a host.";
        else if (options.Broker.UserInfo.Length > 0)
            yield return "Broker must not name a user; use UserName and Password.";
        if (!Enum.IsDefined(options.Version)) yield return "Version is neither 3.1.1 nor 5.";
        if (!Fits(options.ClientId)) yield return "ClientId is longer than 65,535 bytes.";
        if (options.SessionPath is not null && options.ClientId.Length == 0) yield return "SessionPath needs a ClientId.";
        if (options.SessionPath is not null && options.SessionExpiry == TimeSpan.Zero) yield return "SessionPath needs a SessionExpiry above zero.";
        if (options.Password is not null && options.PasswordProvider is not null) yield return "Password and PasswordProvider exclude each other.";
        if (options.Version == MqttVersion.V311 && options.UserName is null && (options.Password ?? (object?)options.PasswordProvider) is not null)
            yield return "MQTT 3.1.1 has no password without a UserName.";
        if (!Fits(options.UserName) || !Fits(options.Password)) yield return "UserName and Password have at most 65,535 bytes.";
        if (options.Will is { } will && (MqttTopic.Problem(will.Message.Topic) ?? (will.Message.Payload.Length > ushort.MaxValue ? "it has more than 65,535 bytes" : null)) is { } problem)
            yield return $"Will: {problem}.";
        if (options.Tls.PinnedKeys.Any(pin => pin.Length != 64 || !pin.All(char.IsAsciiHexDigit))) yield return "Tls.PinnedKeys must be SHA-256 digests of 64 hexadecimal digits.";
        if (options.Tls.KeyPath is not null && options.Tls.CertificatePath is null) yield return "Tls.KeyPath needs a CertificatePath.";
        foreach (var wrong in FindNumbers(options)) yield return wrong;
    }

    private static IEnumerable<string> FindNumbers(MqttClientOptions options)
    {
        if (options.SessionExpiry < TimeSpan.Zero && options.SessionExpiry != Timeout.InfiniteTimeSpan) yield return "SessionExpiry must not be below zero.";
        if (options.KeepAlive < TimeSpan.Zero || options.KeepAlive.TotalSeconds > ushort.MaxValue || options.KeepAlive.Ticks % TimeSpan.TicksPerSecond != 0)
            yield return "KeepAlive must be whole seconds from 0 to 65,535.";
        if (options.PingTimeout <= TimeSpan.Zero || options.ConnectTimeout <= TimeSpan.Zero) yield return "PingTimeout and ConnectTimeout must be above zero.";
        if (options.ReconnectDelay < TimeSpan.Zero || options.MaximumReconnectDelay < options.ReconnectDelay) yield return "ReconnectDelay must be from zero to MaximumReconnectDelay.";
        if (options.ReceiveMaximum is < 1 or > ushort.MaxValue || options.SendMaximum is < 1 or > ushort.MaxValue)
            yield return "ReceiveMaximum and SendMaximum must be from 1 to 65,535.";
        if (options.MaximumPacketSize is < 128 or > PublishPacket.MostBytes) yield return "MaximumPacketSize must be from 128 bytes to 256 MiB.";
        if (options.TopicAliasMaximum is < 0 or > ushort.MaxValue) yield return "TopicAliasMaximum must be from 0 to 65,535.";
        if (options.QueueLimit < 1) yield return "QueueLimit must be above zero.";
    }

    private static bool Fits(string? text) => text is null || System.Text.Encoding.UTF8.GetByteCount(text) <= ushort.MaxValue;
}
