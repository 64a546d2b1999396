using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Hybrid.Engines.LlamaCpp.Native;
using Hybrid.Tests.Models;

namespace Hybrid.Tests.Engines.LlamaCpp;

/// <summary>Libraries of other versions, in our folder or in the process, each in a process of its own. They are compiled here: a few bytes that say a version.</summary>
public sealed class NativeVersionTests : IDisposable
{
    private static readonly string Ours = Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-" + RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant(), "native");
    private readonly string _folder;

    public NativeVersionTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Directory.Exists(Ours), "The libraries beside these tests are Linux's.");
        _folder = Directory.CreateTempSubdirectory("hybrid-natives-").FullName;
        foreach (var file in Directory.EnumerateFiles(Ours))
            File.CreateSymbolicLink(Path.Combine(_folder, Path.GetFileName(file)), file);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Ours_alone_is_taken_under_any_names()
    {
        File.CreateSymbolicLink(Path.Combine(_folder, "libllama.so"), Path.Combine(_folder, $"libllama.v{NativeLibraries.Version}.so"));
        File.Copy(Path.Combine(Ours, $"libllama.v{NativeLibraries.Version}.so"), Path.Combine(_folder, "libllama.v0.6.0.so"));
        Assert.StartsWith($"loaded {NativeLibraries.Version}", await LoadAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("libllama.so", "0.4.9")]
    [InlineData("libllama.v0.4.9.so", "0.4.9")]
    [InlineData("libllama.v0.6.0.so", "0.6.0")]
    public async Task Another_llama_beside_ours_is_refused_with_both_versions(string name, string version)
    {
        await CompileAsync(name, $$"""const char * llama_version(void) { return "{{version}}"; }""");
        var said = await LoadAsync();
        Assert.StartsWith($"refused NativeLibrary: '{_folder}' holds llama.cpp ", said, StringComparison.Ordinal);
        Assert.Contains(version, said, StringComparison.Ordinal);
        Assert.Contains($"made for {NativeLibraries.Version}", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_llama_from_before_versions_is_refused()
    {
        await CompileAsync("libllama.so", "int llama_n_ctx(void) { return 0; }");
        Assert.Contains($"holds llama.cpp without llama_version (older than {NativeLibraries.Version}); this SDK is made for {NativeLibraries.Version}", await LoadAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_ggml_among_our_files_is_refused_with_both_versions()
    {
        await CompileAsync("libggml-base.so", Ggml);
        Assert.Contains($"would run on ggml 0.9.9, and {NativeLibraries.Version} belongs to ggml {NativeLibraries.GgmlVersion}. Its libggml-base is of another build", await LoadAsync(), StringComparison.Ordinal);
    }

    /// <summary>What happens beside another package over llama.cpp: the loader takes its libggml-base for ours, since the names are the same.</summary>
    [Fact]
    public async Task Another_ggml_that_the_process_has_already_is_refused_with_both_versions_and_its_place()
    {
        var other = Directory.CreateDirectory(Path.Combine(_folder, "other")).FullName;
        var library = await CompileAsync(Path.Combine("other", "libggml-base.so"), Ggml);
        var said = await LoadAsync(library);
        Assert.Contains($"would run on ggml 0.9.9, and {NativeLibraries.Version} belongs to ggml {NativeLibraries.GgmlVersion}. The process had loaded '{other}/libggml-base.so' before", said, StringComparison.Ordinal);
    }

    private const string Ggml = """const char * ggml_version(void) { return "0.9.9"; }""";

    private async Task<string> LoadAsync(params string[] before)
    {
        using var process = SecondProcess.Start(["natives", _folder, .. before]);
        var said = await process.ReadLineAsync();
        await process.EndAsync();
        return said ?? await process.EndedAsync();
    }

    private async Task<string> CompileAsync(string name, string code)
    {
        var library = Path.Combine(_folder, name);
        File.Delete(library);
        var source = Path.Combine(_folder, "code.c");
        await File.WriteAllTextAsync(source, code, TestContext.Current.CancellationToken);
        try
        {
            using var compiler = Process.Start("cc", ["-shared", "-fPIC", $"-Wl,-soname,{Path.GetFileName(name)}", "-o", library, source]);
            await compiler.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(0, compiler.ExitCode);
        }
        catch (Win32Exception)
        {
            Assert.Skip("There is no C compiler (cc).");
        }

        return library;
    }
}
