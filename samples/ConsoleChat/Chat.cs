using Hybrid;
using Hybrid.Policy;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;

namespace ConsoleChat;

/// <summary>One conversation: what was said so far, the policy in use, and the last decision.</summary>
internal sealed class Chat(IChatClient client, IConfiguration configuration)
{
    private readonly AnswerPrinter _printer = new();
    private readonly List<ChatMessage> _messages = [];
    private string? _policy;
    private Decision? _last;

    public async Task AskAsync(string prompt, CancellationToken cancellationToken)
    {
        _messages.Add(new(ChatRole.User, prompt));
        var options = new ChatOptions
        {
            Temperature = configuration.GetValue<float?>("ConsoleChat:Temperature"),
            MaxOutputTokens = configuration.GetValue<int?>("ConsoleChat:MaxOutputTokens"),
        };
        if (_policy is not null)
            options.WithPolicy(_policy);
        try
        {
            var (text, decision) = await _printer.PrintAsync(client.GetStreamingResponseAsync(_messages, options, cancellationToken));
            _last = decision;
            _messages.Add(new(ChatRole.Assistant, text));
        }
        catch
        {
            // A question that got no answer is no part of the conversation.
            _messages.RemoveAt(_messages.Count - 1);
            throw;
        }
    }

    public async Task LoopAsync(CancellationToken cancellationToken)
    {
        Console.WriteLine("Ask something. /policy NAME chooses a policy, /explain shows the last decision, /quit ends.");
        while (!cancellationToken.IsCancellationRequested)
        {
            Console.Write("> ");
            if (await Console.In.ReadLineAsync(cancellationToken) is not { } line)
                return;
            switch (line.Split(' ', 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                case []:
                    break;
                case ["/quit"]:
                    return;
                case ["/explain"]:
                    Console.WriteLine(_last?.Explain() ?? "Nothing was decided yet.");
                    break;
                case ["/policy"]:
                    Console.WriteLine($"The policy is {_policy ?? configuration["Hybrid:Policy"] ?? PolicyPresets.Balanced.Name}. /policy NAME changes it.");
                    break;
                case ["/policy", var name]:
                    _policy = name;
                    break;
                case [['/', ..], ..]:
                    Console.WriteLine("/policy NAME, /explain and /quit are the commands.");
                    break;
                default:
                    await AskSafelyAsync(line, cancellationToken);
                    break;
            }
        }
    }

    private async Task AskSafelyAsync(string prompt, CancellationToken cancellationToken)
    {
        try
        {
            await AskAsync(prompt, cancellationToken);
        }
        catch (HybridException exception)
        {
            await Console.Error.WriteLineAsync(exception.Message);
        }
    }
}
