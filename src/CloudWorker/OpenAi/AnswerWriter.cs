using System.Buffers;
using System.Text.Json;
using Hybrid.OpenAi;
using Hybrid.Targets;

namespace Hybrid.CloudWorker.OpenAi;

/// <summary>Writes one answer, whole or as server-sent events.</summary>
internal static class AnswerWriter
{
    /// <param name="context">Where it goes.</param>
    /// <param name="question">What was asked, and in which form the answer is wanted.</param>
    /// <param name="updates">The answer.</param>
    /// <param name="shape">How it looks.</param>
    /// <param name="logger">Told of what is unforeseen.</param>
    public static Task WriteAsync(HttpContext context, OpenAiQuestion question, IAsyncEnumerable<DecodeUpdate> updates, AnswerShape shape, ILogger logger) =>
        question.Stream
            ? StreamAsync(context, question, updates, shape, logger)
            : WholeAsync(context, question, updates, shape);

    private static async Task WholeAsync(HttpContext context, OpenAiQuestion question, IAsyncEnumerable<DecodeUpdate> updates, AnswerShape shape)
    {
        var body = await shape.CollectAsync(updates, scored: question.Request.LogProbabilities is not null);
        context.Response.ContentType = "application/json; charset=utf-8";
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    private static async Task StreamAsync(HttpContext context, OpenAiQuestion question, IAsyncEnumerable<DecodeUpdate> updates, AnswerShape shape, ILogger logger)
    {
        try
        {
            // Headers leave with the first update, so that whatever fails before it still has its own status.
            var calls = 0;
            await foreach (var update in updates)
                await WriteUpdateAsync(context, question, shape, update, update.ToolCall is null ? calls : calls++);
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

    private static async Task WriteUpdateAsync(HttpContext context, OpenAiQuestion question, AnswerShape shape, DecodeUpdate update, int call)
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
            if (question.IncludeUsage)
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
