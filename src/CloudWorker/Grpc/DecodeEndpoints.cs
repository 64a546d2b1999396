using Google.Protobuf;
using Hybrid.CloudWorker.Hosting;
using Hybrid.Protocol;
using Hybrid.Targets;

namespace Hybrid.CloudWorker.Grpc;

/// <summary>The service <c>hybrid.decode.v1.Decode</c>.</summary>
internal sealed partial class DecodeEndpoints(
    ModelHosts models, Answers answers, WorkerOptions options, TimeProvider time, ILogger<DecodeEndpoints> logger)
{
    private const string Service = "/hybrid.decode.v1.Decode/";

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost(Service + "Generate", context => ServeAsync(context, GenerateRequest.Parser, GenerateAsync));
        routes.MapPost(Service + "Status", context => ServeAsync(context, StatusRequest.Parser, (call, message, _) => call.WriteAsync(Snapshot(Find(message.Model)))));
        routes.MapPost(Service + "Warm", context => ServeAsync(context, WarmRequest.Parser, WarmAsync));
    }

    private async Task GenerateAsync(GrpcCall call, GenerateRequest message, CancellationToken cancellationToken)
    {
        var model = Find(message.Model);
        var now = time.GetUtcNow();
        var request = DecodeMapping.FromMessage(message, now);
        if (call.Timeout is { } timeout && (request.Deadline is not { } deadline || now + timeout < deadline))
            request = request with { Deadline = now + timeout };
        var vocabulary = new VocabularyOnce();
        await foreach (var update in answers.RunAsync(model.GenerateAsync, request, cancellationToken))
            await call.WriteAsync(vocabulary.Shorten(DecodeMapping.ToMessage(update)));
    }

    private async Task WarmAsync(GrpcCall call, WarmRequest message, CancellationToken cancellationToken)
    {
        var model = Find(message.Model);
        using var limit = new CancellationTokenSource(call.Timeout ?? Timeout.InfiniteTimeSpan, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            await answers.RunAsync(
                async token =>
                {
                    await model.WarmAsync(token);
                    return true;
                },
                linked.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new HybridException(HybridError.DeadlineExceeded, "The deadline passed before the worker was warm.");
        }

        await call.WriteAsync(Snapshot(model));
    }

    private ModelHost Find(string id) => models.Find(id) ?? throw new GrpcException(GrpcStatus.NotFound, models.Unknown(id));

    private static StatusReply Snapshot(ModelHost model) => DecodeMapping.ToMessage(model.State, model.Id, model.Digest.Sha256, model.ContextLength);

    private async Task ServeAsync<T>(HttpContext context, MessageParser<T> parser, Func<GrpcCall, T, CancellationToken, Task> method)
        where T : class, IMessage<T>
    {
        if (!GrpcCall.IsGrpc(context) || !HttpProtocol.IsHttp2(context.Request.Protocol))
        {
            context.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            return;
        }

        var call = new GrpcCall(context, options.MaxRequestBytes);
        try
        {
            await method(call, await call.ReadAsync(parser), call.Aborted);
            call.Finish(GrpcStatus.Ok, "");
        }
        catch (OperationCanceledException) when (call.Aborted.IsCancellationRequested)
        {
            LogCancelled(context.Request.Path);
        }
        catch (GrpcException exception)
        {
            call.Finish(exception.Status, exception.Message);
        }
        catch (HybridException exception)
        {
            LogFailed(exception.Error, exception.Message);
            call.Finish(GrpcStatusMapping.ToStatus(exception.Error), exception.Message);
        }
        catch (Exception exception) when (!call.Aborted.IsCancellationRequested)
        {
            LogUnforeseen(exception);
            call.Finish(GrpcStatus.Internal, "The worker failed; its log says more.");
        }
    }

    [LoggerMessage(30, LogLevel.Debug, "The caller of {Method} went away; its call was cancelled.")]
    private partial void LogCancelled(string method);

    [LoggerMessage(31, LogLevel.Warning, "A call failed with {Error}: {Reason}")]
    private partial void LogFailed(HybridError error, string reason);

    [LoggerMessage(32, LogLevel.Error, "A call failed unforeseen.")]
    private partial void LogUnforeseen(Exception exception);
}
