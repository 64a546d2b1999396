using Microsoft.Extensions.Logging;

namespace Hybrid.Edge.Inference;

internal static partial class InferenceLog
{
    [LoggerMessage(4301, LogLevel.Warning, "A request of {Bytes} bytes over the bus was dropped: it does not say where its answer goes, or not with a topic of this fleet's replies, or it has no id.")]
    public static partial void NoReply(ILogger logger, int bytes);

    [LoggerMessage(4302, LogLevel.Debug, "A request over the bus was delivered again and dropped.")]
    public static partial void Repeated(ILogger logger);

    [LoggerMessage(4303, LogLevel.Information, "A request over the bus was refused: {Code}.")]
    public static partial void Refused(ILogger logger, string code);

    [LoggerMessage(4304, LogLevel.Error, "An answer over the bus failed unforeseen; it is gone on with after the next start.")]
    public static partial void Failed(ILogger logger, Exception failure);
}
