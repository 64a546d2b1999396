using Hybrid.CloudWorker.Hosting;
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
        routes.MapPost("/v1/embeddings", OpenAiErrors.Guard(new EmbeddingsEndpoint(answers, models).HandleAsync, logger));
        routes.MapGet("/v1/models", OpenAiErrors.Guard(ModelsAsync, logger));
        routes.MapGet("/v1/models/{**id}", OpenAiErrors.Guard(ModelAsync, logger));
        routes.MapGet("/health", OpenAiErrors.Guard(HealthAsync, logger));
        routes.MapGet("/", OpenAiErrors.Guard(AboutAsync, logger));
    }

    private async Task ChatAsync(HttpContext context)
    {
        var body = await RequestFields.ReadAsync(context);
        var (prompt, continuation) = ChatFields.Read(body);
        var (tools, choice) = ToolFields.Read(body);
        var scores = ScoreFields.Read(body);
        var fields = CommonFields.Read(context, body, models, "chatcmpl-", prompt, continuation, time.GetUtcNow());
        fields = fields with { Request = fields.Request with { Tools = tools, ToolChoice = choice, LogProbabilities = scores } };
        await AnswerWriter.WriteAsync(context, answers, fields, new ChatShape(fields.Id, time.GetUtcNow().ToUnixTimeSeconds(), fields.Model.Id), logger);
    }

    private async Task CompleteAsync(HttpContext context)
    {
        var body = await RequestFields.ReadAsync(context);
        var prompt = CompletionFields.Read(body);
        var fields = CommonFields.Read(context, body, models, "cmpl-", prompt, "", time.GetUtcNow());
        await AnswerWriter.WriteAsync(context, answers, fields, new CompletionShape(fields.Id, time.GetUtcNow().ToUnixTimeSeconds(), fields.Model.Id), logger);
    }

    private Task ModelsAsync(HttpContext context) =>
        context.Response.WriteAsJsonAsync(new ModelList("list", [.. models.All.Select(Entry)]), OpenAiJson.Wire.ModelList);

    private Task ModelAsync(HttpContext context)
    {
        var id = (string?)context.Request.RouteValues["id"];
        var model = (string.IsNullOrEmpty(id) ? null : models.Find(id)) ?? throw CommonFields.UnknownModel(models, id);
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
