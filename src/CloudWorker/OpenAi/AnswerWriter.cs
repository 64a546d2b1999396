using System.Buffers;
using System.Text;
using System.Text.Json;
using Hybrid.CloudWorker.Hosting;
using Hybrid.Targets;

namespace Hybrid.CloudWorker.OpenAi;

/// <summary>Writes one answer, whole or as server-sent events.</summary>
internal static class AnswerWriter
{
    public static Task WriteAsync(HttpContext context, Answers answers, CommonFields fields, AnswerShape shape, ILogger logger) =>
        fields.Stream
            ? StreamAsync(context, answers, fields, shape, logger)
            : WholeAsync(context, answers, fields, shape);

    private static async Task WholeAsync(HttpContext context, Answers answers, CommonFields fields, AnswerShape shape)
    {
        var text = new StringBuilder();
        var calls = new List<ToolCall>();
        List<TokenScore>? scores = fields.Request.LogProbabilities is null ? null : [];
        DecodeCompletion? completion = null;
        await foreach (var update in answers.RunAsync(fields.Model, fields.Request, context.RequestAborted))
        {
            text.Append(update.Text);
            if (update.ToolCall is { } call)
                calls.Add(call);
            scores?.AddRange(update.Scores ?? []);
            completion = update.Completion;
        }

        context.Response.ContentType = "application/json; charset=utf-8";
        await context.Response.Body.WriteAsync(shape.Whole(text.ToString(), calls, scores, completion!), context.RequestAborted);
    }

    private static async Task StreamAsync(HttpContext context, Answers answers, CommonFields fields, AnswerShape shape, ILogger logger)
    {
        try
        {
            // Headers leave with the first update, so that whatever fails before it still has its own status.
            var calls = 0;
            await foreach (var update in answers.RunAsync(fields.Model, fields.Request, context.RequestAborted))
                await WriteUpdateAsync(context, fields, shape, update, update.ToolCall is null ? calls : calls++);
            WriteEvent(context, "[DONE]"u8);
        }
        catch (Exception exception) when (context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
        {
            // No [DONE] follows: a reader that knows only [DONE] must not take this for the end of the answer.
            var (_, error) = OpenAiErrors.Describe(exception, logger);
            WriteEvent(context, JsonSerializer.SerializeToUtf8Bytes(new ErrorBody(error), OpenAiJson.Wire.ErrorBody));
        }

        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    private static async Task WriteUpdateAsync(HttpContext context, CommonFields fields, AnswerShape shape, DecodeUpdate update, int call)
    {
        if (!context.Response.HasStarted)
        {
            context.Response.ContentType = "text/event-stream";
            context.Response.Headers.CacheControl = "no-cache";
            context.Response.Headers["X-Accel-Buffering"] = "no";
            if (shape.First() is { } first)
                WriteEvent(context, first);
        }

        if (update.Text.Length > 0 || update.Scores is not null)
            WriteEvent(context, shape.Piece(update.Text, update.Scores));
        if (update.ToolCall is { } asked)
            WriteEvent(context, shape.Call(asked, call));
        if (update.Completion is { } completion)
        {
            WriteEvent(context, shape.Last(completion.Finish));
            if (fields.IncludeUsage)
                WriteEvent(context, shape.UsageOnly(completion));
        }

        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    private static void WriteEvent(HttpContext context, ReadOnlySpan<byte> data)
    {
        var writer = context.Response.BodyWriter;
        writer.Write("data: "u8);
        writer.Write(data);
        writer.Write("\n\n"u8);
    }
}
