using System.Text;
using System.Text.Json;
using Hybrid.Engines.ToolCalls;
using Hybrid.Targets;

namespace Hybrid.Tests.Engines.ToolCalls;

public sealed class ToolCallStreamTests
{
    public static TheoryData<string, string> Answers => new()
    {
        { "tagged", "Just téxt < with <tool brackets> and a <tool_ca" },
        { "tagged", "Let mé see.\n<tool_call>\n{\"name\": \"read\", \"arguments\": {\"id\": 1}}\n</tool_call> Done." },
        { "tagged", "<tool_call>{\"name\":\"read\",\"arguments\":{}}" },
        { "tagged", "a <tool_call>oops<tool_call>{\"name\":\"read\",\"arguments\":{}}</tool_call>" },
        { "tagged", "a <tool_call>not JSON</tool_call> b" },
        { "llama", "  {\"name\": \"Anna\"} is plain" },
        { "llama", "{\"name\": \"read\", \"parameters\": {}}; {\"name\": \"read\", \"parameters\": {\"a\": 1}} and" },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task Tokens_come_once_and_in_order_and_no_byte_is_pending_only_where_the_text_is_theirs(string format, string answer)
    {
        for (var size = 1; size <= answer.Length; size++)
        {
            var pieces = answer.Chunk(size).Select(chunk => new string(chunk)).ToArray();
            var (text, index) = ("", 0);
            await foreach (var update in ToolCallStream.ReadAsync(Decode(pieces), Reader(format)))
            {
                text += update.Text;
                Assert.Equal((update.TokenCount, index), (update.Tokens.Count, update.TokenIndex));
                Assert.Equal(Enumerable.Range(index, update.TokenCount), update.Tokens);
                Assert.Equal(update.TokenCount > 0 ? "v" : null, update.Vocabulary);
                index += update.TokenCount;
                var pending = Encoding.UTF8.GetByteCount(string.Concat(pieces.Take(index))) - Encoding.UTF8.GetByteCount(text);
                Assert.Equal(pending == 0, update.PendingBytes == 0);
                if (pending == 0)
                    Assert.Equal(string.Concat(pieces.Take(index)), text);
            }

            Assert.Equal(pieces.Length, index);
        }
    }

    [Fact]
    public async Task What_the_engine_holds_back_stays_pending()
    {
        var updates = new List<DecodeUpdate>();
        await foreach (var update in ToolCallStream.ReadAsync(Decode(["a", "b <tool"], held: 2), Reader("tagged")))
            updates.Add(update);
        Assert.Equal([("a", 2), ("b ", 7), ("<tool", 2), ("", 2)], updates.Select(update => (update.Text, update.PendingBytes)));
    }

    /// <summary>A token for each piece, its place as its id, and the completion in an update of its own, as the engine gives them.</summary>
    private static async IAsyncEnumerable<DecodeUpdate> Decode(string[] pieces, int held = 0)
    {
        for (var i = 0; i < pieces.Length; i++)
        {
            await Task.Yield();
            yield return new(pieces[i], 1) { Tokens = [i], Vocabulary = "v", TokenIndex = i, PendingBytes = held };
        }

        yield return new("", 0, new() { Finish = DecodeFinish.Stop }) { TokenIndex = pieces.Length, PendingBytes = held };
    }

    private static ToolCallReader Reader(string format) => new(
        format == "tagged" ? ToolCallFormat.Tagged : ToolCallFormat.LlamaObject,
        [new("read", "", JsonSerializer.SerializeToElement(new { type = "object" }))],
        (number, _, _) => $"{number}");
}
