namespace Hybrid;

/// <summary>What went wrong, for code that has to choose.</summary>
public enum HybridError
{
    /// <summary>A fault inside the runtime or the native engine.</summary>
    Internal,

    /// <summary>An option, prompt or argument cannot be used as given.</summary>
    InvalidRequest,

    /// <summary>The configuration is wrong; the message names the key.</summary>
    Configuration,

    /// <summary>The model file is missing, damaged or not understood.</summary>
    ModelFile,

    /// <summary>The llama.cpp libraries are missing or not the version this SDK was made for.</summary>
    NativeLibrary,

    /// <summary>The prompt and the wanted answer do not fit the context.</summary>
    ContextExceeded,

    /// <summary>The policy leaves no target for this request.</summary>
    NoTargetAllowed,

    /// <summary>The target cannot be reached, is not ready, or failed in mid-stream.</summary>
    TargetUnavailable,

    /// <summary>The target's queue is full.</summary>
    Busy,

    /// <summary>The deadline passed before the answer was complete.</summary>
    DeadlineExceeded,

    /// <summary>A file of the runtime's own could not be read, is damaged, or could not be written.</summary>
    Storage,

    /// <summary>The caller may not use this target: the key is missing or wrong.</summary>
    Unauthorized,

    /// <summary>The message bus cannot be reached, refused something, or broke its protocol.</summary>
    Bus,

    /// <summary>What is left of a budget of dollars or grams does not cover the request.</summary>
    BudgetExceeded,
}

/// <summary>The one exception type of the SDK: says what happened, what was kept, and what to do.</summary>
public sealed class HybridException : Exception
{
    /// <summary>Creates an error of a kind with a message for people.</summary>
    public HybridException(HybridError error, string message, Exception? innerException = null)
        : base(message, innerException) => Error = error;

    /// <summary>The kind of error.</summary>
    public HybridError Error { get; }

    /// <summary>How long the target asked to be left alone, from now; above zero.</summary>
    /// <value>Null: it did not say.</value>
    public TimeSpan? RetryAfter { get; init; }
}
