using System.Runtime.InteropServices;

namespace Hybrid.Engines.LlamaCpp.Native;

/// <summary>Every call across the native border. <see cref="NativeLibraries.EnsureLoaded"/> comes first.</summary>
internal static unsafe partial class NativeMethods
{
    public const string Llama = "llama";
    public const string Ggml = "ggml";
    public const string GgmlBase = "ggml-base";
    private const string SystemLibrary = "libc";

    [LibraryImport(Llama)] public static partial byte* llama_version();
    [LibraryImport(Llama)] public static partial byte* llama_print_system_info();
    [LibraryImport(Llama)] public static partial void llama_backend_init();
    [LibraryImport(Llama)] public static partial void llama_log_set(delegate* unmanaged[Cdecl]<int, byte*, nint, void> callback, nint data);
    [LibraryImport(Llama)] public static partial ModelParams llama_model_default_params();
    [LibraryImport(Llama)] public static partial ContextParams llama_context_default_params();

    [LibraryImport(Llama)] public static partial nint llama_model_load_from_file(byte* path, ModelParams parameters);
    [LibraryImport(Llama)] public static partial void llama_model_free(nint model);
    [LibraryImport(Llama)] public static partial nint llama_model_get_vocab(nint model);
    [LibraryImport(Llama)] public static partial int llama_model_n_ctx_train(nint model);
    [LibraryImport(Llama)] public static partial int llama_model_n_embd(nint model);
    [LibraryImport(Llama)] public static partial int llama_model_n_layer(nint model);
    [LibraryImport(Llama)] public static partial byte llama_model_is_recurrent(nint model);
    [LibraryImport(Llama)] public static partial byte llama_model_is_hybrid(nint model);
    [LibraryImport(Llama)] public static partial byte llama_model_has_encoder(nint model);
    [LibraryImport(Llama)] public static partial byte llama_model_has_decoder(nint model);

    [LibraryImport(Llama)] public static partial nint llama_init_from_model(nint model, ContextParams parameters);
    [LibraryImport(Llama)] public static partial void llama_free(nint context);
    [LibraryImport(Llama)] public static partial uint llama_n_ctx_seq(nint context);
    [LibraryImport(Llama)] public static partial nint llama_get_memory(nint context);
    [LibraryImport(Llama)] public static partial byte llama_memory_seq_rm(nint memory, int sequence, int from, int to);
    [LibraryImport(Llama)] public static partial void llama_memory_seq_cp(nint memory, int source, int target, int from, int to);
    [LibraryImport(Llama)] public static partial nuint llama_state_seq_get_size(nint context, int sequence);
    [LibraryImport(Llama)] public static partial nuint llama_state_seq_get_data(nint context, byte* data, nuint size, int sequence);
    [LibraryImport(Llama)] public static partial nuint llama_state_seq_set_data(nint context, byte* data, nuint size, int sequence);
    [LibraryImport(Llama)] public static partial void llama_attach_threadpool(nint context, nint pool, nint batchPool);
    [LibraryImport(Llama)] public static partial void llama_set_n_threads(nint context, int threads, int threadsBatch);
    [LibraryImport(Llama)] public static partial int llama_decode(nint context, Batch batch);
    [LibraryImport(Llama)] public static partial float* llama_get_logits_ith(nint context, int index);
    [LibraryImport(Llama)] public static partial float* llama_get_embeddings_seq(nint context, int sequence);

    [LibraryImport(Llama)] public static partial int llama_vocab_n_tokens(nint vocabulary);
    [LibraryImport(Llama)] public static partial byte* llama_vocab_get_text(nint vocabulary, int token);
    [LibraryImport(Llama)] public static partial byte llama_vocab_get_add_bos(nint vocabulary);
    [LibraryImport(Llama)] public static partial int llama_vocab_bos(nint vocabulary);
    [LibraryImport(Llama)] public static partial int llama_vocab_eos(nint vocabulary);
    [LibraryImport(Llama)] public static partial byte llama_vocab_is_eog(nint vocabulary, int token);
    [LibraryImport(Llama)] public static partial int llama_tokenize(nint vocabulary, byte* text, int length, int* tokens, int capacity, byte addSpecial, byte parseSpecial);
    [LibraryImport(Llama)] public static partial int llama_token_to_piece(nint vocabulary, int token, byte* buffer, int length, int leadingSpaces, byte special);

    [LibraryImport(Llama)] public static partial int llama_vocab_get_attr(nint vocabulary, int token);

    [LibraryImport(Ggml)] public static partial void ggml_backend_load_all_from_path(byte* folder);
    [LibraryImport(Ggml)] public static partial nuint ggml_backend_dev_count();
    [LibraryImport(Ggml)] public static partial nint ggml_backend_dev_get(nuint index);
    [LibraryImport(Ggml)] public static partial nint ggml_backend_dev_by_type(int type);
    [LibraryImport(GgmlBase)] public static partial int ggml_backend_dev_type(nint device);
    [LibraryImport(GgmlBase)] public static partial byte* ggml_backend_dev_name(nint device);
    [LibraryImport(GgmlBase)] public static partial byte* ggml_backend_dev_description(nint device);
    [LibraryImport(GgmlBase)] public static partial void ggml_backend_dev_memory(nint device, nuint* free, nuint* total);
    [LibraryImport(GgmlBase)] public static partial nint ggml_backend_dev_backend_reg(nint device);
    [LibraryImport(GgmlBase)] public static partial nint ggml_backend_reg_get_proc_address(nint registry, byte* name);
    [LibraryImport(GgmlBase)] public static partial void ggml_threadpool_params_init(ThreadpoolParams* parameters, int threads);

    /// <summary>Sets a variable that native code sees; on Unix the managed call reaches managed code alone.</summary>
    [LibraryImport(SystemLibrary, StringMarshalling = StringMarshalling.Utf8)] public static partial int setenv(string name, string value, int overwrite);

    /// <summary>Gives freed memory back to the system; glibc alone has it.</summary>
    [LibraryImport(SystemLibrary)] public static partial int malloc_trim(nuint keep);
}
