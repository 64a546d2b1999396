using Hybrid.Engines.LlamaCpp;
using Hybrid.Targets;

namespace Hybrid.Benchmarks.Engine;

/// <summary>Saved state of a conversation, where the engine has it.</summary>
internal static class SavedPrefix
{
    public static bool Supported => Method("SavePrefixAsync") is not null && Method("RestorePrefixAsync") is not null;

    public static Task SaveAsync(LlamaEngine engine, int[] tokens, string path) => CallAsync(engine, "SavePrefixAsync", new TokensPrompt(tokens), path);

    public static Task RestoreAsync(LlamaEngine engine, string path) => CallAsync(engine, "RestorePrefixAsync", path);

    private static System.Reflection.MethodInfo? Method(string name) => typeof(LlamaEngine).GetMethods().FirstOrDefault(method => method.Name == name);

    private static Task CallAsync(LlamaEngine engine, string name, params object[] arguments)
    {
        var method = Method(name)!;
        object?[] all = [.. method.GetParameters().Select((parameter, i) => i < arguments.Length ? arguments[i] : parameter.ParameterType == typeof(CancellationToken) ? CancellationToken.None : parameter.DefaultValue)];
        var result = method.Invoke(engine, System.Reflection.BindingFlags.DoNotWrapExceptions, null, all, null);
        return result as Task ?? ((dynamic)result!).AsTask();
    }
}
