using System.Runtime.InteropServices;
using System.Text;
using Hybrid.Engines.LlamaCpp.Native;
using Hybrid.Targets;

namespace Hybrid.Engines.LlamaCpp;

/// <summary>The model file's chat template, rendered by llama.cpp, which recognises the templates of a fixed list of model families.</summary>
internal sealed unsafe class ChatTemplate
{
    private readonly byte[] _source;

    private ChatTemplate(byte[] source) => _source = source;

    /// <summary>Null where llama.cpp does not recognise the template.</summary>
    public static ChatTemplate? TryParse(string source)
    {
        var template = new ChatTemplate(Encoding.UTF8.GetBytes(source + "\0"));
        return template.Apply([new("user", "?")], []) < 0 ? null : template;
    }

    /// <summary>The chat as the model was trained to see it, up to where its answer begins.</summary>
    public string Render(IReadOnlyList<PromptMessage> messages)
    {
        var buffer = new byte[messages.Sum(message => Encoding.UTF8.GetByteCount(message.Text) + 64) + 256];
        var length = Apply(messages, buffer);
        if (length > buffer.Length)
            length = Apply(messages, buffer = new byte[length]);
        return length >= 0
            ? Encoding.UTF8.GetString(buffer, 0, length)
            : throw new HybridException(HybridError.InvalidRequest, $"The model's chat template does not take these messages (roles: {string.Join(", ", messages.Select(message => message.Role))}). Nothing was decoded.");
    }

    private int Apply(IReadOnlyList<PromptMessage> messages, byte[] buffer)
    {
        var natives = new NativeChatMessage[messages.Count];
        try
        {
            for (var i = 0; i < natives.Length; i++)
                natives[i] = new() { Role = Marshal.StringToCoTaskMemUTF8(messages[i].Role), Content = Marshal.StringToCoTaskMemUTF8(messages[i].Text) };
            fixed (byte* source = _source)
            fixed (byte* target = buffer)
            fixed (NativeChatMessage* chat = natives)
                return NativeMethods.llama_chat_apply_template(source, chat, (nuint)natives.Length, 1, target, buffer.Length);
        }
        finally
        {
            foreach (var message in natives)
            {
                Marshal.FreeCoTaskMem(message.Role);
                Marshal.FreeCoTaskMem(message.Content);
            }
        }
    }
}
