using Hybrid.Edge.Mqtt.Packets;

namespace Hybrid.Edge.Mqtt;

/// <summary>Why a connection was not made or did not last.</summary>
/// <param name="Reason">In the broker's terms.</param>
/// <param name="Why">For people, a sentence without its full stop.</param>
/// <param name="Error">The kind of error for who waits for the connection.</param>
/// <param name="IsPermanent">Whether another attempt will hardly do better.</param>
/// <param name="Cause">What was thrown.</param>
internal sealed record MqttFailure(MqttReasonCode Reason, string Why, HybridError Error = HybridError.Bus, bool IsPermanent = false, Exception? Cause = null)
{
    private const int MostWords = 300;

    /// <summary>A refusal by the broker.</summary>
    public static MqttFailure Refused(MqttReasonCode reason, string? why) => new(
        reason,
        $"the broker refused the connection: {Say(reason, why)}",
        reason is MqttReasonCode.BadUserNameOrPassword or MqttReasonCode.NotAuthorized or MqttReasonCode.Banned or MqttReasonCode.BadAuthenticationMethod
            ? HybridError.Unauthorized
            : HybridError.Bus,
        reason is MqttReasonCode.BadUserNameOrPassword or MqttReasonCode.NotAuthorized or MqttReasonCode.Banned or MqttReasonCode.BadAuthenticationMethod
            or MqttReasonCode.ClientIdentifierNotValid or MqttReasonCode.UnsupportedProtocolVersion or MqttReasonCode.MalformedPacket
            or MqttReasonCode.ProtocolError or MqttReasonCode.TopicNameInvalid or MqttReasonCode.PacketTooLarge or MqttReasonCode.RetainNotSupported
            or MqttReasonCode.QosNotSupported or MqttReasonCode.UseAnotherServer or MqttReasonCode.ServerMoved);

    /// <summary>A disconnect by the broker.</summary>
    public static MqttFailure Ended(MqttReasonCode reason, string? why) => new(
        reason,
        $"the broker ended the connection: {Say(reason, why)}",
        IsPermanent: reason is MqttReasonCode.SessionTakenOver or MqttReasonCode.NotAuthorized or MqttReasonCode.Banned
            or MqttReasonCode.UseAnotherServer or MqttReasonCode.ServerMoved or MqttReasonCode.AdministrativeAction);

    /// <summary>A packet that the broker should not have sent.</summary>
    public static MqttFailure Broken(PacketException broken) => new(broken.Reason, $"the broker broke the protocol: {broken.Message}", Cause: broken);

    /// <summary>A line that was lost, or never there.</summary>
    public static MqttFailure Lost(string why, Exception? cause = null) => new(MqttReasonCode.UnspecifiedError, why, Cause: cause);

    /// <summary>A code and the broker's words for it, cut to a length that a log can bear.</summary>
    public static string Say(MqttReasonCode reason, string? why)
    {
        var code = Enum.IsDefined(reason) ? $"{reason} (0x{(int)reason:X2})" : $"0x{(int)reason:X2}";
        if (string.IsNullOrWhiteSpace(why)) return code;
        var words = new string([.. why.Take(MostWords).Select(letter => char.IsControl(letter) ? ' ' : letter)]);
        return $"{code}, \"{words}\"";
    }

    public HybridException Throwable(string kept) => new(Error, $"There is no connection to the broker, for {Why}. {kept}", Cause);
}
