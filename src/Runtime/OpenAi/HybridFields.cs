using System.Globalization;
using System.Text.Json;
using Hybrid.Chat;
using Hybrid.Protocol;
using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.OpenAi;

/// <summary>What a request tells the policy: the object <c>hybrid</c> in its body, else headers.</summary>
internal static class HybridFields
{
    /// <summary>The header of a field, such as <c>X-Hybrid-Can-Wait-Until</c>.</summary>
    public const string HeaderPrefix = "X-Hybrid-";

    private static readonly TimeSpan LongestTime = TimeSpan.FromDays(7);

    /// <summary>Reads a chat body with the field <c>hybrid</c>.</summary>
    /// <param name="fields">The body; nothing of it is left.</param>
    /// <param name="header">Gives a header's value by its name; null where there is none.</param>
    /// <exception cref="OpenAiException">It cannot be answered as it is.</exception>
    /// <exception cref="HybridException">What the policy is told is out of range (<see cref="HybridError.InvalidRequest"/>).</exception>
    public static (OpenAiQuestion Question, ChatCall Call) ReadChat(RequestFields fields, Func<string, string?> header) =>
        Read(fields, header, OpenAiQuestion.ReadChat);

    /// <summary>Reads a text completion's body with the field <c>hybrid</c>.</summary>
    public static (OpenAiQuestion Question, ChatCall Call) ReadCompletion(RequestFields fields, Func<string, string?> header) =>
        Read(fields, header, OpenAiQuestion.ReadCompletion);

    private static (OpenAiQuestion Question, ChatCall Call) Read(RequestFields fields, Func<string, string?> header, Func<RequestFields, OpenAiQuestion> read)
    {
        var hybrid = fields.Take("hybrid") switch
        {
            null => null,
            { ValueKind: JsonValueKind.Object } value => new RequestFields(value),
            _ => throw OpenAiException.Invalid("hybrid", "'hybrid' must be an object."),
        };
        var question = read(fields);
        if (question.Request.Continuation.Length > 0)
            throw OpenAiException.Unsupported("continue_final_message", "This server starts each answer afresh; leave out 'continue_final_message'.");
        var wishes = Wishes(new(hybrid, header));
        hybrid?.RefuseRest();
        return (question, new(question.Request, wishes, question.Model is "" or "hybrid" ? null : question.Model));
    }

    private static HybridProperties Wishes(Told told)
    {
        var options = new ChatOptions();
        if (told.Text("privacy") is { } privacy) options.WithPrivacy(DecodeMapping.PrivacyFromName(privacy));
        if (told.Text("policy") is { } policy) options.WithPolicy(policy);
        if (told.Text("target") is { } target) options.WithTarget(target);
        if (told.Text("tag") is { } tag) options.WithTag(tag);
        if (told.Text("tenant") is { } tenant) options.WithTenant(tenant);
        if (told.Text("priority") is { } priority) options.WithPriority(Priority(priority));
        if (told.Time("deadline_milliseconds") is { } deadline) options.WithDeadline(deadline);
        if (told.Time("max_first_token_milliseconds") is { } first) options.WithMaxTimeToFirstToken(first);
        if (told.Time("max_token_milliseconds") is { } each) options.WithMaxTimePerToken(each);
        if (told.Moment("can_wait_until") is { } until) options.CanWaitUntil(until);
        return HybridProperties.Read(options.WithBudget(told.Amount("max_dollars"), told.Amount("max_grams")));
    }

    private static RequestPriority Priority(string text) => text switch
    {
        "background" => RequestPriority.Background,
        "normal" => RequestPriority.Normal,
        "interactive" => RequestPriority.Interactive,
        _ => throw OpenAiException.Invalid("hybrid.priority", $"'hybrid.priority' is '{text}'; it must be background, normal or interactive."),
    };

    /// <summary>A value by its name, from the body or from a header.</summary>
    private readonly struct Told(RequestFields? body, Func<string, string?> header)
    {
        public string? Text(string name) => body?.Take(name) switch
        {
            null => header(HeaderPrefix + name.Replace('_', '-')) is { Length: > 0 } text ? text : null,
            { ValueKind: JsonValueKind.String } value => value.GetString(),
            { ValueKind: JsonValueKind.Number } value => value.GetRawText(),
            _ => throw OpenAiException.Invalid("hybrid." + name, $"'hybrid.{name}' must be a string or a number."),
        };

        public TimeSpan? Time(string name) => Text(name) switch
        {
            null => null,
            var text when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= 1 && value <= LongestTime.TotalMilliseconds => TimeSpan.FromMilliseconds(value),
            var text => throw OpenAiException.Invalid("hybrid." + name, $"'hybrid.{name}' is '{text}'; it must be milliseconds, from 1 to those of 7 days."),
        };

        public double? Amount(string name) => Text(name) switch
        {
            null => null,
            var text when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) => value,
            var text => throw OpenAiException.Invalid("hybrid." + name, $"'hybrid.{name}' is '{text}'; it must be a number."),
        };

        public DateTimeOffset? Moment(string name) => Text(name) switch
        {
            null => null,
            var text when DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) => time,
            var text => throw OpenAiException.Invalid("hybrid." + name, $"'hybrid.{name}' is '{text}'; it must be a time such as 2026-01-31T18:00:00Z."),
        };
    }
}
