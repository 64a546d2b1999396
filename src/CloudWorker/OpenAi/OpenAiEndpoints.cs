using Hybrid.CloudWorker.Hosting;
using Hybrid.OpenAi;
using Hybrid.Targets;

namespace Hybrid.CloudWorker.OpenAi;

/// <summary>The OpenAI-compatible API and the health page.</summary>
internal sealed class OpenAiEndpoints(ModelHosts models, Answers answers, TimeProvider time, ILogger<OpenAiEndpoints> logger)
{
    private readonly long _created = time.GetUtcNow().ToUnixTimeSeconds();

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/chat/completions", OpenAiErrors.Guard(ChatAsync, logger));
        routes.MapPost("/v1/completions", OpenAiErrors.Guard(CompleteAsync, logger));
        routes.MapPost("/v1/embeddings", OpenAiErrors.Guard(new EmbeddingsEndpoint(answers, FindEmbedder).HandleAsync, logger));
        routes.MapGet("/v1/models", OpenAiErrors.Guard(ModelsAsync, logger));
        routes.MapGet("/v1/models/{**id}", OpenAiErrors.Guard(ModelAsync, logger));
        routes.MapGet("/health", OpenAiErrors.Guard(HealthAsync, logger));
        routes.MapGet("/", OpenAiErrors.Guard(AboutAsync, logger));
    }

    private async Task ChatAsync(HttpContext context)
    {
        var question = OpenAiQuestion.ReadChat(await RequestFields.ReadAsync(context.Request.Body, context.RequestAborted));
        await AnswerAsync(context, question, "chatcmpl-", (id, created, model) => new ChatShape(id, created, model));
    }

    private async Task CompleteAsync(HttpContext context)
    {
        var question = OpenAiQuestion.ReadCompletion(await RequestFields.ReadAsync(context.Request.Body, context.RequestAborted));
        await AnswerAsync(context, question, "cmpl-", (id, created, model) => new CompletionShape(id, created, model));
    }

    private Task AnswerAsync(HttpContext context, OpenAiQuestion question, string prefix, Func<string, long, string, AnswerShape> shape)
    {
        var model = models.Find(question.Model) ?? throw models.Missing(question.Model);
        var id = prefix + Guid.NewGuid().ToString("N");
        var request = RequestHeaders.Apply(context, question.Request, id, time.GetUtcNow());
        var updates = answers.RunAsync(model.GenerateAsync, request, context.RequestAborted);
        return AnswerWriter.WriteAsync(context, question, updates, shape(id, time.GetUtcNow().ToUnixTimeSeconds(), model.Id), logger);
    }

    private (IEmbeddingTarget Target, string Model) FindEmbedder(string? id)
    {
        var model = models.Find(id) ?? throw models.Missing(id);
        return (model, model.Id);
    }

    private Task ModelsAsync(HttpContext context) =>
        context.Response.WriteAsJsonAsync(new ModelList("list", [.. models.All.Select(Entry)]), OpenAiJson.Wire.ModelList);

    private Task ModelAsync(HttpContext context)
    {
        var id = (string?)context.Request.RouteValues["id"];
        var model = (string.IsNullOrEmpty(id) ? null : models.Find(id)) ?? throw models.Missing(id);
        return context.Response.WriteAsJsonAsync(Entry(model), OpenAiJson.Wire.ModelEntry);
    }

    private Task HealthAsync(HttpContext context)
    {
        var state = models.Health;
        if (state.Readiness == TargetReadiness.Warm)
            return context.Response.WriteAsJsonAsync(new HealthBody("ok", null), OpenAiJson.Wire.HealthBody);
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        return context.Response.WriteAsJsonAsync(new HealthBody(Name(state.Readiness), state.Reason), OpenAiJson.Wire.HealthBody);
    }

    private Task AboutAsync(HttpContext context)
    {
        var version = typeof(OpenAiEndpoints).Assembly.GetName().Version?.ToString(3) ?? "";
        return context.Response.WriteAsJsonAsync(
            new AboutBody("hybrid-worker", version, models.Default.Id, ["openai", "hybrid.decode.v1"]), OpenAiJson.Wire.AboutBody);
    }

    private ModelEntry Entry(ModelHost model) => new(model.Id, "model", _created, "hybrid");

    private static string Name(TargetReadiness readiness) => readiness switch
    {
        TargetReadiness.Cold => "cold",
        TargetReadiness.Warming => "loading",
        TargetReadiness.Unavailable => "failed",
        _ => "unknown",
    };
}
