using System.Security.Cryptography;
using System.Text;
using Hybrid.CloudWorker.Grpc;
using Hybrid.CloudWorker.OpenAi;
using Hybrid.OpenAi;
using Hybrid.Protocol;

namespace Hybrid.CloudWorker.Hosting;

/// <summary>Asks for a bearer key on every path but the two that tell nothing of value.</summary>
internal sealed class ApiKeyGate(IEnumerable<string> keys)
{
    private const string Scheme = "Bearer ";
    private const string Refusal = "The API key is missing or wrong; send it as 'Authorization: Bearer KEY'.";

    private readonly byte[][] _hashes = [.. keys.Select(Hash)];

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (_hashes.Length == 0 || context.Request.Path.Value is "/" or "/health" || Admits(context.Request.Headers.Authorization.ToString()))
            await next(context);
        else if (GrpcCall.IsGrpc(context))
            GrpcCall.Refuse(context, GrpcStatus.Unauthenticated, Refusal);
        else
            await OpenAiErrors.WriteAsync(context, StatusCodes.Status401Unauthorized, new(Refusal, "invalid_request_error", null, "invalid_api_key"));
    }

    // Hashes have one length and every one is compared, so that time tells neither length nor place of a match.
    private bool Admits(string header)
    {
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return false;
        var hash = Hash(header[Scheme.Length..].Trim());
        var admitted = false;
        foreach (var known in _hashes)
            admitted |= CryptographicOperations.FixedTimeEquals(hash, known);
        return admitted;
    }

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
