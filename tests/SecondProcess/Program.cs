using Hybrid.SecondProcess;

// What a test needs another process for: it says "ready" and goes on until its input ends, or until it is killed.
return args switch
{
    ["lease", var root, var name] => StoreVerbs.Lease(root, name),
    ["lock", var root, var key] => await StoreVerbs.LockAsync(root, key),
    ["churn", var root, var seed] => StoreVerbs.Churn(root, int.Parse(seed)),
    ["pull", var root, var endpoint, var reference, var connections, var shardSize] => await PullVerb.RunAsync(root, endpoint, reference, int.Parse(connections), int.Parse(shardSize)),
    ["outbox", var path, var seed] => await OutboxVerb.RunAsync(path, int.Parse(seed)),
    ["device", var path, var broker, var round] => await DeviceVerb.RunAsync(path, broker, round),
    ["natives", var folder, .. var before] => NativesVerb.Run(folder, before),
    ["load"] => await LoadVerb.RunAsync(),
    _ => throw new InvalidOperationException($"No such verb: {string.Join(' ', args)}"),
};
