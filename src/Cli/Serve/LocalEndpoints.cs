using Hybrid.Chat;
using Hybrid.CloudWorker.Hosting;
using Hybrid.CloudWorker.OpenAi;
using Hybrid.Edge.Waiting;
using Hybrid.OpenAi;
using Hybrid.Targets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;

namespace Hybrid.Cli.Serve;

/// <summary>What the server for apps on this device answers; the model <c>hybrid</c>, or none, leaves the choice to the policy.</summary>
internal sealed class LocalEndpoints(HybridChatClient client, Answers answers, WaitingRequests? waiting, TimeProvider time, ILogger logger)
{
    public const string TargetHeader = "X-Hybrid-Target";
    private const string AnyModel = "hybrid";
    private readonly IReadOnlyList<ITarget> _targets = client.GetService<IReadOnlyList<ITarget>>()!;
    private readonly WaitingEndpoints? _waiting = waiting is null ? null : new(waiting, logger);
    private readonly long _created = time.GetUtcNow().ToUnixTimeSeconds();

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/chat/completions", OpenAiErrors.Guard(ChatAsync, logger));
        routes.MapPost("/v1/completions", OpenAiErrors.Guard(CompleteAsync, logger));
        routes.MapPost("/v1/embeddings", OpenAiErrors.Guard(new EmbeddingsEndpoint(answers, FindEmbedder).HandleAsync, logger));
        routes.MapGet("/v1/models", OpenAiErrors.Guard(ModelsAsync, logger));
        routes.MapGet("/v1/models/{**id}", OpenAiErrors.Guard(ModelAsync, logger));
        _waiting?.Map(routes);
        routes.MapGet("/health", OpenAiErrors.Guard(HealthAsync, logger));
    }

    private async Task ChatAsync(HttpContext context)
    {
        if (_waiting is not null && WaitingEndpoints.IsWanted(context.Request))
        {
            await _waiting.TakeAsync(context, await ReadAsync(context));
            return;
        }

        var fields = await RequestFields.ReadAsync(context.Request.Body, context.RequestAborted);
        var (question, call) = HybridFields.ReadChat(fields, name => context.Request.Headers[name]);
        var answer = Ask(context, call);
        await AnswerAsync(context, question, answer, new ChatShape(NewId("chatcmpl-"), Now, call.Model ?? AnyModel) { Note = () => answer.Note });
    }

    private async Task CompleteAsync(HttpContext context)
    {
        var fields = await RequestFields.ReadAsync(context.Request.Body, context.RequestAborted);
        var (question, call) = HybridFields.ReadCompletion(fields, name => context.Request.Headers[name]);
        var answer = Ask(context, call);
        await AnswerAsync(context, question, answer, new CompletionShape(NewId("cmpl-"), Now, call.Model ?? AnyModel) { Note = () => answer.Note });
    }

    private static async Task<byte[]> ReadAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        return body.ToArray();
    }

    private AnsweredCall Ask(HttpContext context, ChatCall call)
    {
        RequireModel(call.Model);
        var answer = new AnsweredCall(client, call);
        // Headers leave with the first words, and then it is known whose they are.
        context.Response.OnStarting(() =>
        {
            if (answer.Target is { } target) context.Response.Headers[TargetHeader] = target;
            return Task.CompletedTask;
        });
        return answer;
    }

    private Task AnswerAsync(HttpContext context, OpenAiQuestion question, AnsweredCall answer, AnswerShape shape)
    {
        var updates = answers.RunAsync((_, cancellationToken) => answer.RunAsync(cancellationToken), question.Request, context.RequestAborted);
        return AnswerWriter.WriteAsync(context, question, updates, shape, logger);
    }

    private void RequireModel(string? id)
    {
        if (id is not null && !Names.Contains(id, StringComparer.Ordinal) && _targets.All(target => target.Descriptor.Name != id))
            throw Missing(id);
    }

    private OpenAiException Missing(string id) => new(
        StatusCodes.Status404NotFound, $"The model '{id}' does not exist here; there are {string.Join(", ", Names.Select(name => $"'{name}'"))}.", "model", "model_not_found");

    private (IEmbeddingTarget Target, string Model) FindEmbedder(string? id)
    {
        var (target, model) = _targets.Where(target => target.Descriptor.Zone == Zone.Device && target is IEmbeddingTarget)
            .Select(target => ((IEmbeddingTarget)target, target.Descriptor.Model))
            .FirstOrDefault(one => id is null or "" or AnyModel || one.Model == id);
        return target is not null ? (target, model) : throw new OpenAiException(
            StatusCodes.Status404NotFound, id is null ? "No model on this device gives embeddings." : $"No model '{id}' on this device gives embeddings.", "model", "model_not_found");
    }

    private Task ModelsAsync(HttpContext context) =>
        context.Response.WriteAsJsonAsync(new ModelList("list", [.. Names.Select(Entry)]), OpenAiJson.Wire.ModelList);

    private Task ModelAsync(HttpContext context)
    {
        var id = (string?)context.Request.RouteValues["id"] ?? "";
        return Names.Contains(id, StringComparer.Ordinal) ? context.Response.WriteAsJsonAsync(Entry(id), OpenAiJson.Wire.ModelEntry) : throw Missing(id);
    }

    private Task HealthAsync(HttpContext context)
    {
        var health = HealthPage.Of(client, _targets, answers, waiting?.Count ?? 0);
        if (health.Status is not HealthPage.Ok) context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        return context.Response.WriteAsJsonAsync(health, HealthJson.Wire.HealthPage);
    }

    private IEnumerable<string> Names => _targets.Select(target => target.Descriptor.Model).Prepend(AnyModel).Distinct(StringComparer.Ordinal);

    private long Now => time.GetUtcNow().ToUnixTimeSeconds();

    private static string NewId(string prefix) => prefix + Guid.NewGuid().ToString("N");

    private ModelEntry Entry(string id) => new(id, "model", _created, "hybrid");
}
