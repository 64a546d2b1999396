using System.Net;
using Hybrid.Models.Pull.Sources;

namespace Hybrid.Models.Pull.Web;

/// <summary>A file on a web server, read in ranges from where its address leads to.</summary>
/// <param name="http">The connections.</param>
/// <param name="address">Where it is asked for.</param>
/// <param name="found">What was found there, with where its bytes are.</param>
/// <param name="ask">Asks there again: presigned addresses expire.</param>
internal sealed class WebFile(PullHttp http, Uri address, WebEntity found, Func<Uri, StallGuard, Task<WebEntity>> ask) : RemoteFile
{
    private WebEntity _found = found;

    public override string Place { get; } = PlainAddress.Of(address);

    public override async Task<RemoteBody> OpenAsync(long offset, long length, StallGuard guard)
    {
        var (response, entity) = await SendAsync((offset, offset + length - 1), guard);
        try
        {
            if (response.StatusCode is HttpStatusCode.PartialContent)
            {
                RangeAnswer.Check(response, entity, offset, length);
                return new(await response.Content.ReadAsStreamAsync(guard.Token), response);
            }

            throw response.StatusCode is HttpStatusCode.OK ? RangeAnswer.Whole(response, entity) : Refused(response, entity);
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    public override async Task<RemoteBody> OpenWholeAsync(StallGuard guard)
    {
        var (response, entity) = await SendAsync(null, guard);
        try
        {
            if (response.StatusCode is not HttpStatusCode.OK)
                throw Refused(response, entity);
            RangeAnswer.CheckWhole(response, entity);
            return new(await response.Content.ReadAsStreamAsync(guard.Token), response);
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    /// <summary>Asks at the address that is known; where that has expired, once at a fresh one.</summary>
    private async Task<(HttpResponseMessage Response, WebEntity Entity)> SendAsync((long First, long Last)? range, StallGuard guard)
    {
        for (var asked = false; ; asked = true)
        {
            var entity = Volatile.Read(ref _found);
            HttpResponseMessage response;
            if (entity.Elsewhere)
            {
                response = (await Reached.AnywhereAsync(http, HttpMethod.Get, entity.Bytes, range, entity.StrongTag, guard)).Response;
            }
            else
            {
                response = await http.SendAsync(HttpMethod.Get, entity.Bytes, trusted: true, range, entity.StrongTag, guard);
                // It moved its bytes since it was asked.
                if (Redirect.Of(response, entity.Bytes) is not null && !asked)
                {
                    response.Dispose();
                    await AskAgainAsync(entity, guard);
                    continue;
                }
            }

            if (asked || !entity.Elsewhere || !HasExpired(response.StatusCode))
                return (response, entity);
            response.Dispose();
            await AskAgainAsync(entity, guard);
        }
    }

    private static bool HasExpired(HttpStatusCode status) => (int)status is 401 or 403 or 404 or 410;

    private async Task AskAgainAsync(WebEntity stale, StallGuard guard)
    {
        if (!ReferenceEquals(stale, Volatile.Read(ref _found)))
            return; // Another connection has asked in the meantime.
        var fresh = await ask(address, guard);
        if (fresh.Size != Size || fresh.Tag != stale.Tag)
            throw new PullFault(PullRemedy.AskAnew, "it has changed at its source");
        Volatile.Write(ref _found, fresh);
    }

    private Exception Refused(HttpResponseMessage response, WebEntity entity) => response.StatusCode switch
    {
        // A fresh address may have been used up by the other connections before this one came to it.
        var status when entity.Elsewhere && HasExpired(status) => new PullFault(PullRemedy.Again, $"its storage answered {WebFaults.Words(status)}"),
        HttpStatusCode.PreconditionFailed or HttpStatusCode.RequestedRangeNotSatisfiable =>
            new PullFault(PullRemedy.AskAnew, $"it answered {WebFaults.Words(response.StatusCode)}, so its length is not what it said"),
        _ => (Exception?)WebFaults.Passing(response, http.Options.TimeProvider)
            ?? WebRefusal.Of(response, Place, http.Hub.HasToken),
    };
}
