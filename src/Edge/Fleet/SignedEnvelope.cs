using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Hybrid.Models.Signing;

namespace Hybrid.Edge.Fleet;

/// <summary>A document and a signature on its very bytes, so that nobody has to agree how JSON is written.</summary>
/// <param name="Type">What kind of document; in the signature too, so that one kind never passes for another.</param>
/// <param name="Payload">The document's bytes.</param>
/// <param name="Signature">Of the type, a line feed, and the payload.</param>
internal sealed record SignedEnvelope(string Type, byte[] Payload, ModelSignature Signature)
{
    public const string Desired = "hybrid-desired";
    public const string Command = "hybrid-command";
    public const int MostBytes = 256 << 10;
    public const int MostDepth = 32;

    public static JsonDocumentOptions Strict { get; } = new() { MaxDepth = MostDepth, AllowDuplicateProperties = false };

    /// <summary>Signs a document.</summary>
    /// <param name="type">What kind it is.</param>
    /// <param name="payload">The document.</param>
    /// <param name="key">What those who pin it call the key.</param>
    /// <param name="privateKey">An ECDSA pair on P-256 or P-384 as PEM, not encrypted.</param>
    /// <returns>The envelope's bytes.</returns>
    public static byte[] Sign(string type, byte[] payload, string key, string privateKey)
    {
        try
        {
            using var pair = ECDsa.Create();
            pair.ImportFromPem(privateKey);
            var algorithm = TrustedKey.AlgorithmOf(pair);
            var value = pair.SignData(Signed(type, payload), TrustedKey.HashOf(algorithm), DSASignatureFormat.Rfc3279DerSequence);
            return JsonSerializer.SerializeToUtf8Bytes(new SignedEnvelope(type, payload, new(key, algorithm, Convert.ToBase64String(value))), FleetJson.Default.SignedEnvelope);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            // The key's own words could hold a part of it.
            throw new HybridException(HybridError.Configuration, $"The document could not be signed with the key '{key}'. Nothing was sent. Give the private key of an ECDSA pair on P-256 or P-384 as PEM, not encrypted.", exception);
        }
    }

    /// <summary>The document of an envelope that a pinned key signed.</summary>
    /// <returns>Null: it is refused.</returns>
    public static byte[]? Open(ReadOnlyMemory<byte> bytes, string type, IReadOnlyDictionary<string, TrustedKey> keys, out FleetRefusal? refusal)
    {
        refusal = null;
        if (bytes.Length > MostBytes) return Refuse(FleetRefusals.TooLarge, $"it has {bytes.Length} bytes and may have {MostBytes}", out refusal);
        SignedEnvelope? envelope;
        try
        {
            // Twice through a strict reader costs little; the second alone would take a name that comes twice.
            using (JsonDocument.Parse(bytes, Strict)) envelope = JsonSerializer.Deserialize(bytes.Span, FleetJson.Default.SignedEnvelope);
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            return Refuse(FleetRefusals.Malformed, $"it is not a signed document: {failure.Message}", out refusal);
        }

        if (envelope is not { Type: not null, Payload: not null, Signature: { Key: not null, Algorithm: not null, Value: not null } signature })
            return Refuse(FleetRefusals.Malformed, "it is not a signed document: type, payload or signature is missing", out refusal);
        if (envelope.Type != type) return Refuse(FleetRefusals.Malformed, $"it is of type '{Shown(envelope.Type)}', not {type}", out refusal);
        if (!keys.TryGetValue(signature.Key, out var key))
            return Refuse(FleetRefusals.UnknownKey, $"it is signed by '{Shown(signature.Key)}', which is not pinned; pinned are {(keys.Count == 0 ? "none" : string.Join(", ", keys.Values.Select(one => $"'{one.Name}' ({one.Fingerprint})")))}", out refusal);
        return key.Signed(Signed(type, envelope.Payload), signature)
            ? envelope.Payload
            : Refuse(FleetRefusals.BadSignature, $"its signature is not one of key '{key.Name}' ({key.Algorithm}, {key.Fingerprint}) on this content", out refusal);
    }

    /// <summary>The document of an envelope, whoever signed it; null: it is none.</summary>
    public static byte[]? Peek(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, FleetJson.Default.SignedEnvelope)?.Payload;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>What somebody else wrote, fit for a message.</summary>
    public static string Shown(string text) => string.Concat(text.Take(64).Select(letter => letter is >= ' ' and <= '~' ? letter : '?'));

    private static byte[]? Refuse(string code, string reason, out FleetRefusal? refusal)
    {
        refusal = new(code, reason);
        return null;
    }

    private static byte[] Signed(string type, byte[] payload) => [.. Encoding.ASCII.GetBytes(type + "\n"), .. payload];
}
