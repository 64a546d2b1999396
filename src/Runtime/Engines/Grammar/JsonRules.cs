using System.Text.Json;

namespace Hybrid.Engines.Grammar;

/// <summary>The rules of JSON itself. White space is bounded, so that a model cannot go on with blanks for ever.</summary>
internal static class JsonRules
{
    /// <summary>A character within a string that stands as it is.</summary>
    public const string Plain = """[^"\\\x00-\x1F\x7F]""";

    public const string Fraction = "(\".\" [0-9]{1,16})?";

    public static string Space(GbnfWriter rules) => rules.Share("ws", """("" | " " | "\n" [ \t]{0,20})""");

    public static string Character(GbnfWriter rules) =>
        rules.Share("char", Plain + """ | "\\" (["\\/bfnrt] | "u" (([0-9a-cA-CefEF] [0-9a-fA-F]{3}) | ([dD] [0-7] [0-9a-fA-F]{2}) | ([dD] [89abAB] [0-9a-fA-F]{2} "\\u" [dD] [c-fC-F] [0-9a-fA-F]{2})))""");

    public static string String(GbnfWriter rules) => rules.Share("string", $"\"\\\"\" {Character(rules)}* \"\\\"\"");

    public static string Integer(GbnfWriter rules) => rules.Share("integer", """ "-"? ("0" | [1-9] [0-9]{0,15}) """.Trim());

    public static string Number(GbnfWriter rules) => rules.Share("number", $"{Integer(rules)} {Fraction} ([eE] [-+]? [0-9]{{1,2}})?");

    public static string Boolean(GbnfWriter rules) => rules.Share("boolean", "\"true\" | \"false\"");

    public static string Null(GbnfWriter rules) => rules.Share("null", "\"null\"");

    /// <summary>Any object.</summary>
    public static string Object(GbnfWriter rules)
    {
        var ws = Space(rules);
        var value = Value(rules);
        var member = rules.Share("member", $"{String(rules)} {ws} \":\" {ws} {value}");
        return rules.Share("object", $"\"{{\" {ws} ({member} ({ws} \",\" {ws} {member})* {ws})? \"}}\"");
    }

    /// <summary>Any array.</summary>
    public static string Array(GbnfWriter rules)
    {
        var ws = Space(rules);
        var value = Value(rules);
        return rules.Share("array", $"\"[\" {ws} ({value} ({ws} \",\" {ws} {value})* {ws})? \"]\"");
    }

    /// <summary>Any value.</summary>
    public static string Value(GbnfWriter rules)
    {
        const string Name = "value";
        if (rules.Knows(Name))
            return Name;
        rules.Share(Name, "object | array | string | number | boolean | null");
        _ = (Object(rules), Array(rules), String(rules), Number(rules), Boolean(rules), Null(rules));
        return Name;
    }

    /// <summary>A value as compact JSON, and as nothing else.</summary>
    public static string Exactly(JsonElement value) => GbnfWriter.Literal(SchemaJson.Text(value));

    /// <summary>A property's name and the colon.</summary>
    public static string Key(GbnfWriter rules, string name) => $"{GbnfWriter.Literal(SchemaJson.Quote(name))} {Space(rules)} \":\" {Space(rules)}";
}
