using System.Text.Json;
using Hybrid.OpenAi;
using Hybrid.Storage;

namespace Hybrid.Edge.Waiting;

/// <summary>The requests that can wait and their answers, a file each; a request's file goes when its answer's is there.</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class WaitingStore : IDisposable
{
    private const string Asked = ".asked";
    private const string Done = ".done";
    private const string Failed = ".failed";
    private readonly RecordFolder _folder;

    private WaitingStore(RecordFolder folder) => _folder = folder;

    /// <summary>Opens it, and gives what waits and what ended when.</summary>
    public static (WaitingStore Store, IReadOnlyList<WaitingRequest> Waiting, IReadOnlyList<(string Id, WaitingState State, DateTimeOffset At)> Ended) Open(string path, IDisk disk)
    {
        var store = new WaitingStore(RecordFolder.Open(path, disk));
        List<WaitingRequest> waiting = [];
        List<(string Id, WaitingState State, DateTimeOffset At)> ended = [];
        foreach (var (name, changed) in store._folder.All)
        {
            var id = Path.GetFileNameWithoutExtension(name);
            if (Path.GetExtension(name) is Done) ended.Add((id, WaitingState.Done, changed));
            else if (Path.GetExtension(name) is Failed) ended.Add((id, WaitingState.Failed, changed));
        }

        foreach (var (name, _) in store._folder.All.Where(one => one.Name.EndsWith(Asked, StringComparison.Ordinal)))
        {
            var id = Path.GetFileNameWithoutExtension(name);
            if (ended.Exists(one => one.Id == id)) store._folder.Remove(name);
            else if (WaitingRequest.Parse(id, store._folder.Read(name)) is { } request) waiting.Add(request);
            else
            {
                // Never in silence: who asks for it is told.
                store.Fail(id, Error(HybridError.Storage, "The request's file was damaged and could not be read. It was not run; ask again."));
                ended.Add((id, WaitingState.Failed, DateTimeOffset.MaxValue));
            }
        }

        return (store, [.. waiting.OrderBy(one => one.AskedAt)], ended);
    }

    public static byte[] Error(HybridError error, string message) =>
        JsonSerializer.SerializeToUtf8Bytes(new OpenAiError(message, "server_error", null, ErrorCodes.Of(error)), OpenAiJson.Wire.OpenAiError);

    public void Put(WaitingRequest request) => _folder.Put(request.Id + Asked, request.Write());

    public void Finish(string id, byte[] answer)
    {
        _folder.Put(id + Done, answer);
        _folder.Remove(id + Asked);
    }

    public void Fail(string id, byte[] error)
    {
        _folder.Put(id + Failed, error);
        _folder.Remove(id + Asked);
    }

    public byte[] Result(string id, WaitingState state) => _folder.Read(id + (state == WaitingState.Done ? Done : Failed));

    public void Remove(string id) => _folder.Remove(id + Asked, id + Done, id + Failed);

    public void Dispose() => _folder.Dispose();
}
