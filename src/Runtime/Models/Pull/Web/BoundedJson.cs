using System.Text.Json;

namespace Hybrid.Models.Pull.Web;

/// <summary>JSON from a server that is not trusted to be brief.</summary>
internal static class BoundedJson
{
    private const int MostBytes = 16 << 20;

    /// <exception cref="HybridException">It is too long, or no JSON.</exception>
    public static async Task<T> ReadAsync<T>(HttpResponseMessage response, string place, StallGuard guard, Func<JsonElement, T> read)
    {
        await using var body = await response.Content.ReadAsStreamAsync(guard.Token);
        using var text = new MemoryStream();
        var buffer = new byte[64 << 10];
        int count;
        while ((count = await guard.WaitAsync(static (it, cancel) => it.body.ReadAsync(it.buffer, cancel), (body, buffer))) > 0)
        {
            if (text.Length + count > MostBytes)
                throw Bad(place, $"it is longer than {MostBytes >> 20} MiB");
            text.Write(buffer, 0, count);
        }

        try
        {
            using var json = JsonDocument.Parse(text.GetBuffer().AsMemory(0, (int)text.Length));
            return read(json.RootElement);
        }
        catch (JsonException failure)
        {
            throw Bad(place, failure.Message, failure);
        }
    }

    private static HybridException Bad(string place, string why, Exception? inner = null) =>
        new(HybridError.ModelFile, $"The list of files at '{place}' cannot be read: {why}. Nothing was fetched. Check the address.", inner);
}
