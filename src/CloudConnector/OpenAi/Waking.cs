using System.Net;
using System.Text.Json;

namespace Hybrid.CloudConnector.OpenAi;

/// <summary>The calls by which servers load their models.</summary>
internal static class Waking
{
    /// <summary>vLLM in sleep mode; the call returns when it is awake.</summary>
    public static async Task VllmAsync(PoolConnection connection, CancellationToken cancellationToken) =>
        await PostAsync(connection, "/wake_up", [], cancellationToken);

    /// <summary>llama-server, as a router with the model's name or alone; the second call waits until the model is there.</summary>
    public static async Task LlamaServerAsync(PoolConnection connection, string model, CancellationToken cancellationToken)
    {
        if (await IsRouterAsync(connection, cancellationToken))
            await PostAsync(connection, "/models/load", Named(model, null), cancellationToken, already: HttpStatusCode.BadRequest); // it runs already
        await PostAsync(connection, "/completion", Named(model, ""), cancellationToken);
    }

    private static async Task<bool> IsRouterAsync(PoolConnection connection, CancellationToken cancellationToken)
    {
        var (status, body) = await connection.AskAsync(connection.Address.Beside("/props"), null, cancellationToken);
        if (status != HttpStatusCode.OK)
            return false;
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("role", out var role) && role.ValueKind == JsonValueKind.String && role.ValueEquals("router");
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static async Task PostAsync(PoolConnection connection, string path, byte[] body, CancellationToken cancellationToken, HttpStatusCode? already = null)
    {
        var (status, answer) = await connection.AskAsync(connection.Address.Beside(path), body, cancellationToken);
        if (status == HttpStatusCode.OK || status == already)
            return;
        throw new PoolFault(ErrorKinds.Of((int)status, ServerError.Read(answer)), $"it answered {path} with HTTP {(int)status}");
    }

    private static byte[] Named(string model, string? prompt)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("model"u8, model);
            if (prompt is not null)
            {
                json.WriteString("prompt"u8, prompt);
                json.WriteNumber("n_predict"u8, 0);
            }

            json.WriteEndObject();
        }

        return buffer.ToArray();
    }
}
