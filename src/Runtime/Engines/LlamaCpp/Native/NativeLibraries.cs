using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Hybrid.Engines.LlamaCpp.Native;

/// <summary>Finds llama.cpp's libraries, loads them once for the process, and refuses any that this binding was not made for.</summary>
internal static unsafe class NativeLibraries
{
    public const string Version = "0.5.0";
    private static readonly Lock Gate = new();
    private static string? _folder;
    private static HybridException? _failure;
    private static nint _base, _ggml, _llama;
    private static string? _other;

    /// <summary>The folder in use; null before the first load.</summary>
    public static string? Folder => _folder;

    /// <summary>Says that the process holds another llama.cpp, whose libraries have the same names, before it is loaded; null: that failed.</summary>
    /// <exception cref="HybridException">This one is loaded already (<see cref="HybridError.NativeLibrary"/>).</exception>
    public static void YieldTo(string? other)
    {
        lock (Gate)
        {
            if (other is not null && _folder is not null)
                throw Error($"llama.cpp v{Version} is already loaded from '{_folder}', and {other} has libraries of the same names. Nothing was loaded; use one of the two in a process.");
            _other = other;
        }
    }

    /// <summary>Loads the libraries from <paramref name="folder"/>, else HYBRID_LLAMA_PATH, else beside the app.</summary>
    public static void EnsureLoaded(string? folder)
    {
        lock (Gate)
        {
            if (_failure is not null)
                throw _failure;
            if (_folder is not null)
            {
                if (folder is not null && Full(folder) != _folder)
                    throw Error($"llama.cpp is already loaded from '{_folder}', and a process can hold only one. Hybrid:Native:LlamaPath now says '{folder}': use one folder, or start another process.");
                return;
            }

            if (_other is not null)
                throw Error($"{_other} is already in this process, and llama.cpp v{Version} has libraries of the same names. Nothing was loaded; use one of the two in a process.");
            try
            {
                Load(Find(folder));
            }
            catch (HybridException exception)
            {
                _failure = _llama != 0 ? exception : null;
                throw;
            }
        }
    }

    private static string Find(string? configured)
    {
        var named = configured ?? Environment.GetEnvironmentVariable("HYBRID_LLAMA_PATH");
        var source = configured is not null ? "Hybrid:Native:LlamaPath" : "HYBRID_LLAMA_PATH";
        if (!string.IsNullOrEmpty(named))
        {
            return Library(named, "llama") is not null
                ? Full(named)
                : throw Error($"{source} is '{named}', and there is no libllama in that folder. Point it at a build of llama.cpp v{Version}, or unset it.");
        }

        var rid = RuntimeInformation.RuntimeIdentifier;
        string[] beside = [Path.Combine(AppContext.BaseDirectory, "runtimes", Portable(), "native"), Path.Combine(AppContext.BaseDirectory, "runtimes", rid, "native"), AppContext.BaseDirectory];
        return beside.FirstOrDefault(folder => Library(folder, "llama") is not null)
            ?? throw Error($"The llama.cpp libraries for {rid} are not beside the app (looked in {string.Join(", ", beside.Distinct())}). " +
                "Build the app with npm on the machine, or set HYBRID_LLAMA_PATH to a build of llama.cpp v" + Version + ".");
    }

    private static string Full(string folder) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));

    private static string Portable()
    {
        var system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
        return $"{system}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
    }

    /// <summary>The file of a library: its plain name, or one that carries the backend and the version as npm's builds do.</summary>
    private static string? Library(string folder, string name)
    {
        if (!Directory.Exists(folder))
            return null;
        var (prefix, extension) = OperatingSystem.IsWindows() ? ("", ".dll") : ("lib", OperatingSystem.IsMacOS() ? ".dylib" : ".so");
        var plain = Path.Combine(folder, prefix + name + extension);
        if (File.Exists(plain))
            return plain;
        return Directory.EnumerateFiles(folder, $"{prefix}{name}.*").Where(file => file.Contains(extension, StringComparison.Ordinal)).Order(StringComparer.Ordinal).FirstOrDefault();
    }

    private static void Load(string folder)
    {
        // An assert in native code must not start a debugger on a user's machine.
        if (!OperatingSystem.IsWindows())
            _ = NativeMethods.setenv("GGML_NO_BACKTRACE", "1", overwrite: 1);
        _base = Open(folder, "ggml-base");
        _ggml = Open(folder, "ggml");
        _llama = Open(folder, "llama");
        NativeLibrary.SetDllImportResolver(typeof(NativeLibraries).Assembly, Resolve);
        Check(folder);
        NativeLog.Install();
        fixed (byte* path = Encoding.UTF8.GetBytes(folder + "\0"))
            NativeMethods.ggml_backend_load_all_from_path(path);
        NativeMethods.llama_backend_init();
        if (NativeMethods.ggml_backend_dev_count() == 0)
            throw Error($"'{folder}' holds llama.cpp but no backend that runs on this processor (libggml-cpu-*). Use a build that has one.");
        _folder = folder;
    }

    private static nint Open(string folder, string name)
    {
        var file = Library(folder, name) ?? throw Error($"'{folder}' has libllama but no lib{name}. Copy the whole folder of the build.");
        try
        {
            return NativeLibrary.Load(file);
        }
        catch (Exception exception) when (exception is DllNotFoundException or BadImageFormatException)
        {
            throw Error($"'{file}' cannot be loaded: {exception.Message.ReplaceLineEndings(" ")}", exception);
        }
    }

    /// <summary>Gives freed memory back to the system, where the C library can and would not of itself.</summary>
    /// <remarks>glibc keeps blocks of up to 32 MB in an arena of the thread that allocated them: tens of megabytes after every unload.</remarks>
    public static void GiveBackFreedMemory()
    {
        if (!OperatingSystem.IsLinux())
            return;
        try
        {
            _ = NativeMethods.malloc_trim(0);
        }
        catch (EntryPointNotFoundException)
        {
            // Another C library.
        }
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) => name switch
    {
        NativeMethods.Llama => _llama,
        NativeMethods.Ggml => _ggml,
        NativeMethods.GgmlBase => _base,
        _ => 0,
    };

    /// <summary>A changed struct layout shows nowhere else: the version and a few defaults must be the known ones.</summary>
    private static void Check(string folder)
    {
        var version = NativeLibrary.TryGetExport(_llama, "llama_version", out _) ? Utf8(NativeMethods.llama_version()) : "older than 0.5.0";
        var same = version == Version || version.StartsWith(Version + "-", StringComparison.Ordinal);
        if (same && Canaries())
            return;
        throw Error($"'{folder}' holds llama.cpp {version}{(same ? " with another struct layout" : "")}; this SDK is made for {Version}. Use the libraries that its build brings, or build llama.cpp at tag v{Version}.");
    }

    private static bool Canaries()
    {
        var model = NativeMethods.llama_model_default_params();
        var context = NativeMethods.llama_context_default_params();
        return model is { UseExtraBuffers: 1, Progress: null } && context is { Context: 512, Batch: 2048, MicroBatch: 512, Sequences: 1, Abort: null, Embeddings: 0, NoPerformance: 1 };
    }

    public static string Utf8(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? "";

    private static HybridException Error(string message, Exception? inner = null) => new(HybridError.NativeLibrary, message, inner);
}
