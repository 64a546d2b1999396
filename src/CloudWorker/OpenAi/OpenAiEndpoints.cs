using Hybrid.CloudWorker.Hosting;
using Hybrid.Targets;

namespace Hybrid.CloudWorker.OpenAi;

/// <summary>The OpenAI-compatible API and the health page.</summary>
internal sealed class OpenAiEndpoints(ModelHost host, Answers answers, TimeProvider time, ILogger<OpenAiEndpoints> logger)
{
    private readonly string _model = host.Descriptor.Model;
    private readonly long _created = time.GetUtcNow().ToUnixTimeSeconds();

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/chat/completions", OpenAiErrors.Guard(ChatAsync, logger));
        routes.MapPost("/v1/completions", OpenAiErrors.Guard(CompleteAsync, logger));
        routes.MapPost("/v1/embeddings", OpenAiErrors.Guard(new EmbeddingsEndpoint(answers, host, _model).HandleAsync, logger));
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
        var fields = CommonFields.Read(context, body, _model, "chatcmpl-", prompt, continuation, time.GetUtcNow());
        fields = fields with { Request = fields.Request with { Tools = tools, ToolChoice = choice, LogProbabilities = scores } };
        await AnswerWriter.WriteAsync(context, answers, fields, new ChatShape(fields.Id, time.GetUtcNow().ToUnixTimeSeconds(), _model), logger);
    }

    private async Task CompleteAsync(HttpContext context)
    {
        var body = await RequestFields.ReadAsync(context);
        var prompt = CompletionFields.Read(body);
        var fields = CommonFields.Read(context, body, _model, "cmpl-", prompt, "", time.GetUtcNow());
        await AnswerWriter.WriteAsync(context, answers, fields, new CompletionShape(fields.Id, time.GetUtcNow().ToUnixTimeSeconds(), _model), logger);
    }

    private Task ModelsAsync(HttpContext context) =>
        context.Response.WriteAsJsonAsync(new ModelList("list", [Entry()]), OpenAiJson.Wire.ModelList);

    private Task ModelAsync(HttpContext context)
    {
        var id = (string?)context.Request.RouteValues["id"];
        if (id != _model)
            throw new OpenAiException(StatusCodes.Status404NotFound, $"The model '{id}' does not exist here; this worker serves '{_model}'.", "model", "model_not_found");
        return context.Response.WriteAsJsonAsync(Entry(), OpenAiJson.Wire.ModelEntry);
    }

    private Task HealthAsync(HttpContext context)
    {
        var state = host.State;
        if (state.Readiness == TargetReadiness.Warm)
            return context.Response.WriteAsJsonAsync(new HealthBody("ok", null), OpenAiJson.Wire.HealthBody);
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        return context.Response.WriteAsJsonAsync(new HealthBody(Name(state.Readiness), state.Reason), OpenAiJson.Wire.HealthBody);
    }

    private Task AboutAsync(HttpContext context)
    {
        var version = typeof(OpenAiEndpoints).Assembly.GetName().Version?.ToString(3) ?? "";
        return context.Response.WriteAsJsonAsync(
            new AboutBody("hybrid-worker", version, _model, ["openai", "hybrid.decode.v1"]), OpenAiJson.Wire.AboutBody);
    }

    private ModelEntry Entry() => new(_model, "model", _created, "hybrid");

    private static string Name(TargetReadiness readiness) => readiness switch
    {
        TargetReadiness.Cold => "cold",
        TargetReadiness.Warming => "loading",
        TargetReadiness.Unavailable => "failed",
        _ => "unknown",
    };
}
