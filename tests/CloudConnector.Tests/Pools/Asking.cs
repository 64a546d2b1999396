using Hybrid.CloudConnector.Pools;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.Tests.Pools;

/// <summary>Makes targets and asks them.</summary>
internal static class Asking
{
    public static DecodeRequest Request { get; } = new() { Prompt = new TextPrompt("hi"), Id = "r1" };

    public static WorkerTargetOptions Options(Uri endpoint) => new()
    {
        Endpoint = endpoint,
        ConnectTimeout = TimeSpan.FromMinutes(1), // a busy machine is not what is tested
        Descriptor = new TargetDescriptor { Name = "pool", Model = "scripted", Zone = Zone.Site },
    };

    /// <summary>What came, and how it ended.</summary>
    public static async Task<Answer> AskAsync(ITarget target, DecodeRequest? request = null, Action<string>? on = null)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        var text = "";
        try
        {
            await foreach (var update in target.GenerateAsync(request ?? Request, limit.Token).ConfigureAwait(false))
            {
                text += update.Text;
                if (update.Completion is { } completion)
                    return new(text, completion, null);
                on?.Invoke(text);
            }

            return new(text, null, null);
        }
        catch (HybridException exception)
        {
            return new(text, null, exception);
        }
    }
}

internal sealed record Answer(string Text, DecodeCompletion? Completion, HybridException? Fault);
