namespace Hybrid.Models.Signing;

/// <summary>A publisher's signature on a model's name and files.</summary>
/// <param name="Key">What the configuration calls the publisher's key.</param>
/// <param name="Algorithm">How it was made: <c>ecdsa-p256-sha256</c> or <c>ecdsa-p384-sha384</c>.</param>
/// <param name="Value">The signature in Base64.</param>
public sealed record ModelSignature(string Key, string Algorithm, string Value);
