using System.Runtime.InteropServices;
using System.Text;
using Hybrid.Engines.Grammar;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Engines.LlamaCpp.Native;
using Hybrid.Tests.Engines.LlamaCpp;

namespace Hybrid.Tests.Engines.Grammar;

/// <summary>The same tokens may come as with llama.cpp's own grammar sampler, at every place of a text and for the whole vocabulary.</summary>
/// <remarks>Left out are the zero byte, which there is never allowed, and bytes that UTF-8 has not and control tokens, which there are allowed as characters.</remarks>
[Collection("llama.cpp")]
public sealed class NativeParityTests
{
    public static TheoryData<string, string> Grammars { get; } = new()
    {
        { JsonSchemaGrammar.AnyObject(), "{\"steps\": [\"stop the fan\", 2.5, true, null],\n  \"next\": {\"a\": \"\\u00e9 é\"}}" },
        { JsonSchemaGrammar.Write("""{"type":"object","properties":{"name":{"type":"string","maxLength":12},"level":{"enum":["low","lower","high"]},"n":{"type":"integer","minimum":-7,"maximum":130}},"required":["level"]}"""), """{"name":"fan", "level": "lower", "n": -5}""" },
        { "root ::= line+\nline ::= \"- \" [^\\n]{1,20} \"\\n\"", "- check the fan\n- stop it\n" },
        { "root ::= e\ne ::= t ([-+] t)*\nt ::= [0-9]+ | \"(\" e \")\"", "(1+22)-(3-(4))" },
        { "root ::= (\"the\" | \"then\" | \"they\") \" \" . [à-ü]* \"!\"?", "they éàü!" },
    };

    [Theory]
    [MemberData(nameof(Grammars))]
    public async Task The_same_tokens_may_come_as_with_llama_cpp(string gbnf, string text)
    {
        NativeLibraries.EnsureLoaded(null);
        using var model = await LlamaModel.LoadAsync(Starter.Edge, gpuLayers: 0, progress: null, TestContext.Current.CancellationToken);
        var constraint = new GrammarConstraint(GrammarRules.Parse(gbnf), model.TokenTexts);
        using var native = new NativeGrammar(model, gbnf);
        foreach (var token in model.Tokenize(text, addSpecial: false, parseSpecial: false))
        {
            Assert.Equal(Characters(model, native.Allowed()), Characters(model, Allowed(constraint, model.VocabularySize)));
            Assert.True(constraint.Allows(token));
            constraint.Accept(token);
            native.Accept(token);
        }

        var last = Allowed(constraint, model.VocabularySize);
        Assert.Equal(Characters(model, native.Allowed()), Characters(model, last));
        Assert.Contains(last, model.IsEndOfGeneration);
    }

    private static IEnumerable<int> Characters(LlamaModel model, int[] tokens) =>
        tokens.Where(token => (model.IsEndOfGeneration(token) || !model.TokenTexts.Of(token).IsEmpty) && !model.TokenTexts.Of(token).ContainsAny<byte>([0, 0xC0, 0xC1]) && !model.TokenTexts.Of(token).ContainsAnyInRange((byte)0xF5, (byte)0xFF));

    private static int[] Allowed(GrammarConstraint constraint, int count)
    {
        var logits = new float[count];
        constraint.Mask(logits);
        return [.. Enumerable.Range(0, count).Where(token => logits[token] == 0)];
    }

    private sealed unsafe class NativeGrammar : IDisposable
    {
        private readonly nint _library = NativeLibrary.Load(Directory.EnumerateFiles(NativeLibraries.Folder!).First(file => Path.GetFileName(file).Contains("llama.", StringComparison.Ordinal)));
        private readonly int _count;
        private readonly nint _sampler;

        public NativeGrammar(LlamaModel model, string gbnf)
        {
            _count = model.VocabularySize;
            var vocabulary = NativeMethods.llama_model_get_vocab(model.Handle.Value);
            fixed (byte* text = Encoding.UTF8.GetBytes(gbnf + "\0"), root = "root\0"u8)
                _sampler = ((delegate* unmanaged[Cdecl]<nint, byte*, byte*, nint>)Export("llama_sampler_init_grammar"))(vocabulary, text, root);
            Assert.NotEqual(0, _sampler);
        }

        public int[] Allowed()
        {
            var candidates = new Candidate[_count];
            for (var token = 0; token < _count; token++)
                candidates[token].Token = token;
            fixed (Candidate* first = candidates)
            {
                var list = new Candidates { First = first, Count = (nuint)_count, Selected = -1 };
                ((delegate* unmanaged[Cdecl]<nint, Candidates*, void>)Export("llama_sampler_apply"))(_sampler, &list);
            }

            return [.. Enumerable.Range(0, _count).Where(token => candidates[token].Logit == 0)];
        }

        public void Accept(int token) => ((delegate* unmanaged[Cdecl]<nint, int, void>)Export("llama_sampler_accept"))(_sampler, token);

        public void Dispose() => ((delegate* unmanaged[Cdecl]<nint, void>)Export("llama_sampler_free"))(_sampler);

        private nint Export(string name) => NativeLibrary.GetExport(_library, name);
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Candidate
    {
        public int Token;
        public float Logit;
        public float Probability;
    }

    [StructLayout(LayoutKind.Sequential)]
    private unsafe struct Candidates
    {
        public Candidate* First;
        public nuint Count;
        public long Selected;
        public byte IsSorted;
    }
}
