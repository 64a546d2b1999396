using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Hybrid.Engines.LlamaCpp.Gpu;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.Engines.LlamaCpp.Native;

/// <summary>llama.cpp's log lines as <see cref="ILogger"/> entries. The library has one log for the process.</summary>
internal static unsafe partial class NativeLog
{
    private const int Continued = 5;
    private static readonly Lock Gate = new();
    private static readonly StringBuilder Line = new();
    private static LogLevel _level;
    private static volatile string _firstError = "";

    /// <summary>Where lines go; the last engine that brought a logger sets it.</summary>
    public static ILogger Logger { get; set; } = NullLogger.Instance;

    /// <summary>The first line at error level since it was emptied: the cause, where later lines only say that the call failed.</summary>
    public static string FirstError
    {
        get => _firstError;
        set => _firstError = value;
    }

    public static void Install() => NativeMethods.llama_log_set(&OnLine, 0);

    /// <summary>Says where a model runs: loudly where that is less of a GPU than was wanted.</summary>
    public static void Placed(string path, GpuPlacement placement, int wanted) => LogPlaced(
        Logger, placement.Layers < (wanted < 0 ? placement.All : wanted) ? LogLevel.Warning : placement.Layers > 0 ? LogLevel.Information : LogLevel.Debug, path, placement.Words);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnLine(int level, byte* text, nint data)
    {
        try
        {
            Append(level, Marshal.PtrToStringUTF8((nint)text) ?? "");
        }
        catch (Exception)
        {
            // A logger that throws must not unwind through native frames.
        }
    }

    private static void Append(int level, string text)
    {
        string line;
        LogLevel entry;
        lock (Gate)
        {
            if (level != Continued)
                _level = level switch { 1 => LogLevel.Debug, 2 => LogLevel.Debug, 3 => LogLevel.Warning, 4 => LogLevel.Error, _ => LogLevel.Trace };
            Line.Append(text);
            if (!text.EndsWith('\n'))
                return;
            line = Line.ToString().TrimEnd();
            Line.Clear();
            entry = _level;
        }

        // The cells of a cache are shared by requests, each of which is held to what the model was trained for.
        if (line.EndsWith("possible training context overflow", StringComparison.Ordinal))
            entry = LogLevel.Debug;
        if (entry == LogLevel.Error && _firstError.Length == 0)
            _firstError = line;
        if (line.Length > 0 && line.Trim('.').Length > 0)
            LogNative(Logger, entry, line);
    }

    [LoggerMessage(EventId = 1022, Message = "Model '{Path}' runs {Where}.")]
    private static partial void LogPlaced(ILogger logger, LogLevel level, string path, string where);

    [LoggerMessage(EventId = 1021, Message = "llama.cpp: {Line}")]
    private static partial void LogNative(ILogger logger, LogLevel level, string line);
}
