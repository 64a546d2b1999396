namespace Hybrid.Models.Catalogue;

/// <summary>Bytes that a known model will take on disk and in memory, before any of it is here.</summary>
/// <remarks>
/// weights = parameters · bits per weight / 8, memory = weights + tokens · 2 · 2 · layers · KV heads · head length + <see cref="Allowance"/>. Sliding windows and
/// recurrent states, which need less, are not known. Of a file that is here its header tells more: <c>LlamaEngine.EstimateMemoryAsync</c>.
/// </remarks>
internal static class ModelNeed
{
    /// <summary>For vocabulary, compute buffers and threads.</summary>
    public const long Allowance = 256L << 20;

    /// <returns>Null where the parameters or the quantisation are not known.</returns>
    public static long? FileBytes(KnownModel model, string quantisation) =>
        model.ParametersBillions is { } billions && Quantisation.TryGetBits(quantisation, out var bits) ? (long)Math.Round(billions * 1e9 * bits / 8) : null;

    /// <returns>Null where the parameters, the quantisation or the shape of its KV cache are not known.</returns>
    public static long? MemoryBytes(KnownModel model, string quantisation, int contextTokens) =>
        FileBytes(model, quantisation) is { } weights && model.KvBytesPerToken is { } each ? weights + (each * contextTokens) + Allowance : null;
}
