using System.Runtime.InteropServices;
using Hybrid.Engines.LlamaCpp.Batching;
using Hybrid.Engines.LlamaCpp.Native;
using Hybrid.Engines.LlamaCpp.Prefixes;

namespace Hybrid.Engines.LlamaCpp.State;

/// <summary>Cached prefixes on their way to a file and back. The decode thread stands still for the copy alone.</summary>
internal sealed class SavedConversations(LlamaModel model, DecodeLoop loop)
{
    // What llama.cpp's defaults make of the cache; another choice of types or layout must change this text.
    private string CacheKind => $"f16 flash=auto {(model.OnProcessor ? "cpu" : "gpu")}";

    public async Task<int> SaveAsync(int[] prompt, string path, CancellationToken cancellationToken)
    {
        var hash = await ModelFingerprint.OfAsync(model.File.Path).WaitAsync(cancellationToken);
        var (state, tokens) = await loop.Between((context, tree) => CopyOut(context, tree, prompt)).WaitAsync(cancellationToken);
        await Task.Run(() => SavedStateFile.Write(path, new(hash, NativeLibraries.Version, CacheKind, prompt[..tokens]), state), cancellationToken);
        return tokens;
    }

    public async Task<int> RestoreAsync(string path, CancellationToken cancellationToken)
    {
        if (!model.Rewinds)
            throw new HybridException(HybridError.InvalidRequest, $"A model of architecture '{model.File.Architecture}' cannot go on from a saved prefix. Nothing was restored.");
        var hash = await ModelFingerprint.OfAsync(model.File.Path).WaitAsync(cancellationToken);
        using var file = await Task.Run(() => SavedStateFile.Open(path), cancellationToken);
        if ((file.Header.ModelHash, file.Header.Library, file.Header.CacheKind) != (hash, NativeLibraries.Version, CacheKind))
        {
            throw new HybridException(HybridError.Storage,
                $"'{path}' was saved with llama.cpp {file.Header.Library}, cache '{file.Header.CacheKind}' and model {file.Header.ModelHash[..12]}; this engine has {NativeLibraries.Version}, '{CacheKind}' and {hash[..12]}. Nothing was restored; the next request prefills its prompt. Delete the file.");
        }

        // Not given up when the caller is: the file must stay open for as long as it is read.
        return await loop.Between((context, tree) => CopyIn(context, tree, file, path));
    }

    private static (byte[] State, int Tokens) CopyOut(DecodeContext context, PrefixTree tree, int[] prompt)
    {
        var (borrowed, tokens) = tree.Borrow(prompt);
        if (borrowed is not { } sequence)
            throw new HybridException(HybridError.InvalidRequest, "Nothing of this prompt is cached, so that there is nothing to save. Ask it first, with PrefixCache on.");
        try
        {
            var state = GC.AllocateUninitializedArray<byte>(checked((int)context.StateSize(sequence)));
            return context.SaveState(sequence, state) == state.Length
                ? (state, tokens)
                : throw new HybridException(HybridError.Internal, $"llama.cpp could not save {tokens} tokens. Nothing was written.");
        }
        finally
        {
            tree.Drop(sequence);
        }
    }

    private static int CopyIn(DecodeContext context, PrefixTree tree, SavedStateFile file, string path)
    {
        var tokens = file.Header.Tokens;
        if (tokens.Length > context.Cells)
            throw new HybridException(HybridError.ContextExceeded, $"'{path}' holds {tokens.Length} tokens and the KV cache {context.Cells}. Nothing was restored; raise KvTokens.");
        if (tree.Match(tokens) == tokens.Length)
            return tokens.Length;
        if (tree.Take(tokens.Length) is not { } sequence)
            throw new HybridException(HybridError.Busy, $"Running requests leave no room for the {tokens.Length} tokens of '{path}', or PrefixCache is off. Nothing was restored; try again when they have ended.");
        if (!context.RestoreState(sequence, file.Payload))
        {
            tree.Drop(sequence);
            throw new HybridException(HybridError.Storage, $"llama.cpp does not take the state in '{path}': {NativeLog.FirstError}. Nothing was restored; the next request prefills its prompt. Delete the file.");
        }

        tree.Adopt(sequence, tokens);
        return tokens.Length;
    }
}
