using System.Runtime.InteropServices;
using Hybrid.Engines.LlamaCpp;

namespace Hybrid.SecondProcess;

/// <summary>Loads what another package of an app would have loaded before, then llama.cpp from a folder, and says what came of it.</summary>
internal static class NativesVerb
{
    public static int Run(string folder, IEnumerable<string> before)
    {
        foreach (var library in before)
            NativeLibrary.Load(library);
        try
        {
            Console.WriteLine($"loaded {LlamaSystem.Inspect(folder).Version}");
        }
        catch (HybridException exception)
        {
            Console.WriteLine($"refused {exception.Error}: {exception.Message.ReplaceLineEndings(" ")}");
        }

        return 0;
    }
}
