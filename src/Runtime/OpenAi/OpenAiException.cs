namespace Hybrid.OpenAi;

/// <summary>A refusal in the shape of the OpenAI API.</summary>
internal sealed class OpenAiException(int status, string message, string? param = null, string? code = null, string type = "invalid_request_error")
    : Exception(message)
{
    public int Status { get; } = status;

    public OpenAiError Error { get; } = new(message, type, param, code);

    public static OpenAiException Invalid(string param, string message) => new(400, message, param, "invalid_value");

    public static OpenAiException Unsupported(string param, string message) =>
        new(400, message, param, "unsupported_parameter");
}
