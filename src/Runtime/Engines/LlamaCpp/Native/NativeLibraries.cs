using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Hybrid.Engines.LlamaCpp.Native;

/// <summary>Finds llama.cpp's libraries, loads them once for the process, and refuses any that this binding was not made for.</summary>
internal static unsafe class NativeLibraries
{
    public const string Version = "0.5.0";

    /// <summary>The ggml that <see cref="Version"/> was released with.</summary>
    public const string GgmlVersion = "0.25.1";

    /// <summary>The platforms that a package Hybrid.Native.LlamaCpp.* is made for.</summary>
    public static readonly string[] Packaged = ["linux-x64", "linux-arm64"];

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

        var rid = Portable();
        // The last are the host's own: where a single file unpacks itself, and the package cache for an app that runs from it.
        string[] beside = [.. ((string[])[
            Path.Combine(AppContext.BaseDirectory, "runtimes", rid, "native"),
            Path.Combine(AppContext.BaseDirectory, "runtimes", RuntimeInformation.RuntimeIdentifier, "native"),
            AppContext.BaseDirectory,
            .. (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)]).Select(Full).Distinct()];
        return beside.FirstOrDefault(folder => Library(folder, "llama") is not null)
            ?? throw Error($"The llama.cpp libraries for {rid} are not beside the app (looked in {string.Join(", ", beside)}). {Remedy(rid)}");
    }

    private static string Remedy(string rid) => Packaged.Contains(rid)
        ? $"Add them with 'dotnet add package Hybrid.Native.LlamaCpp.{rid}', or set HYBRID_LLAMA_PATH to a build of llama.cpp v{Version}."
        : $"There are packages of them for {string.Join(" and ", Packaged)}; here, set HYBRID_LLAMA_PATH to a build of llama.cpp v{Version}.";

    private static string Full(string folder) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));

    private static string Portable()
    {
        var system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
        // The prebuilt libraries need glibc.
        var musl = OperatingSystem.IsLinux() && RuntimeInformation.RuntimeIdentifier.Contains("musl", StringComparison.Ordinal);
        return $"{system}{(musl ? "-musl" : "")}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
    }

    private static string? Library(string folder, string name) => Files(folder, name) is [var first, ..] ? first : null;

    /// <summary>The files of a library: its plain name, or names that carry the backend and the version as npm's builds do; a link counts as what it leads to.</summary>
    private static IReadOnlyList<string> Files(string folder, string name)
    {
        if (!Directory.Exists(folder))
            return [];
        var (prefix, extension) = OperatingSystem.IsWindows() ? ("", ".dll") : ("lib", OperatingSystem.IsMacOS() ? ".dylib" : ".so");
        return [.. Directory.EnumerateFiles(folder, $"{prefix}{name}.*")
            .Where(file => file.Contains(extension, StringComparison.Ordinal))
            .OrderBy(file => Path.GetFileName(file) != prefix + name + extension).ThenBy(file => file, StringComparer.Ordinal)
            .DistinctBy(file => File.ResolveLinkTarget(file, returnFinalTarget: true)?.FullName ?? file)];
    }

    private static void Load(string folder)
    {
        // An assert in native code must not start a debugger on a user's machine.
        if (!OperatingSystem.IsWindows())
            _ = NativeMethods.setenv("GGML_NO_BACKTRACE", "1", overwrite: 1);
        _base = Open(folder, "ggml-base");
        _ggml = Open(folder, "ggml");
        CheckGgml(folder);
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

    /// <summary>A changed struct layout shows nowhere else: the versions and a few defaults must be the known ones.</summary>
    private static void Check(string folder)
    {
        var version = VersionOf(_llama, "llama_version");
        if (!Is(version, Version))
            throw Error($"'{folder}' holds llama.cpp {version}; {MadeFor}");
        // An upgrade over an older folder leaves both; which of them the other files go with cannot be known.
        foreach (var other in Files(folder, "llama").Skip(1))
        {
            if (NativeLibrary.TryLoad(other, out var library) && VersionOf(library, "llama_version") is var second && !Is(second, Version))
                throw Error($"'{folder}' holds llama.cpp {version} and, as {Path.GetFileName(other)}, {second}. Remove one of them: {MadeFor}");
        }

        if (!Canaries())
            throw Error($"'{folder}' holds llama.cpp {version} with another struct layout; {MadeFor}");
    }

    /// <summary>Before libllama is loaded, which may not find all that it needs in another ggml.</summary>
    private static void CheckGgml(string folder)
    {
        // Asked of libggml, so that the loader answers for the libggml-base that it runs on: one that is in the process already under
        // the same name is taken in place of the file beside it. Windows looks at one file only.
        var version = VersionOf(OperatingSystem.IsWindows() ? _base : _ggml, "ggml_version");
        if (!Is(version, GgmlVersion))
            throw Error($"llama.cpp of '{folder}' would run on ggml {version}, and {Version} belongs to ggml {GgmlVersion}. {Stranger(folder)}{MadeFor}");
    }

    private static string MadeFor => $"this SDK is made for {Version}. Use the libraries of its package Hybrid.Native.LlamaCpp.* of the same version, or build llama.cpp at tag v{Version}.";

    private static bool Is(string version, string expected) => version == expected || version.StartsWith(expected + "-", StringComparison.Ordinal);

    private static string VersionOf(nint library, string function) => NativeLibrary.TryGetExport(library, function, out var address)
        ? Utf8(((delegate* unmanaged[Cdecl]<byte*>)address)())
        : $"without {function} (older than {Version})";

    /// <summary>Where the other ggml came from: another package of this process, or a file of another build in the folder.</summary>
    private static string Stranger(string folder)
    {
        var ours = Files(folder, "ggml-base").Select(file => File.ResolveLinkTarget(file, returnFinalTarget: true)?.FullName ?? file).ToList();
        using var process = Process.GetCurrentProcess();
        var loaded = process.Modules.Cast<ProcessModule>().Select(module => module.FileName)
            .FirstOrDefault(file => Path.GetFileName(file).Contains("ggml-base", StringComparison.Ordinal) && !ours.Contains(file));
        return loaded is null
            ? "Its libggml-base is of another build; "
            : $"The process had loaded '{loaded}' before: let whoever brings it run in another process; ";
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
