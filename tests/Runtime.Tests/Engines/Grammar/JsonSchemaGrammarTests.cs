using Hybrid.Engines.Grammar;

namespace Hybrid.Tests.Engines.Grammar;

public sealed class JsonSchemaGrammarTests
{
    private const string Person = """{"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer"},"tags":{"type":"array","items":{"type":"string"}}},"required":["name"]}""";
    private const string Tree = """{"$ref":"#/$defs/node","$defs":{"node":{"type":"object","properties":{"value":{"type":"integer"},"next":{"anyOf":[{"$ref":"#/$defs/node"},{"type":"null"}]}},"required":["value","next"],"additionalProperties":false}}}""";
    private const string Extra = """{"type":"object","properties":{"ab":{"type":"integer"},"ac":{"type":"integer"}},"additionalProperties":{"type":"boolean"}}""";
    private const string Shapes = """{"type":"object","required":["$type"],"oneOf":[{"properties":{"$type":{"const":"circle"},"r":{"type":"number"}},"required":["r"]},{"properties":{"$type":{"const":"dot"}}}]}""";

    [Theory]
    [InlineData(Person, """{"name":"Ann"}""", true)]
    [InlineData(Person, "{ \"name\": \"Ann\",\n  \"age\": 30, \"tags\": [ \"a\",\"b\" ]\n}", true)]
    [InlineData(Person, """{"name":"Ann","tags":[]}""", true)]
    [InlineData(Person, """{"age":3}""", false)]
    [InlineData(Person, """{"age":3,"name":"Ann"}""", false)]
    [InlineData(Person, """{"name":"Ann","more":1}""", false)]
    [InlineData(Person, """{"name":"Ann","age":3.5}""", false)]
    [InlineData(Person, """{"name":"Ann",}""", false)]
    [InlineData(Person, """{"name":"Ann\n\u00e9\ud83d\ude00 é😀"}""", true)]
    [InlineData(Person, """{"name":"Ann\ud83d"}""", false)]
    [InlineData(Person, "{\"name\":\"A\nnn\"}", false)]
    [InlineData("""{"type":"object","properties":{"a":{"type":"null"},"b":{"type":"null"},"c":{"type":"null"}},"required":["b"]}""", """{"b":null,"c":null}""", true)]
    [InlineData("""{"type":"object","properties":{"a":{"type":"null"},"b":{"type":"null"},"c":{"type":"null"}}}""", """{"a":null,"c":null}""", true)]
    [InlineData("""{"type":"object","properties":{"a":{"type":"null"},"b":{"type":"null"},"c":{"type":"null"}}}""", "{}", true)]
    [InlineData("""{"type":"object","properties":{"a":false,"b":{"type":"null"}}}""", """{"b":null}""", true)]
    [InlineData("""{"type":"object"}""", """{"x":[1,{"y":null}],"z":"w"}""", true)]
    [InlineData("""{"type":"object","required":["id"]}""", """{"id":[true]}""", true)]
    [InlineData(Extra, """{"ab":1,"abc":true,"b":false}""", true)]
    [InlineData(Extra, """{"abc":true}""", true)]
    [InlineData(Extra, """{"ac":true}""", false)]
    [InlineData(Extra, """{"ab":1,"ab":true}""", false)]
    [InlineData(Extra, """{"a":true,"":true}""", false)]
    [InlineData(Tree, """{"value":1,"next":{"value":2,"next":null}}""", true)]
    [InlineData(Tree, """{"value":1,"next":{"value":2}}""", false)]
    [InlineData("""{"type":"object","properties":{"left":{"$ref":"#"}}}""", """{"left":{"left":{}}}""", true)]
    [InlineData("""{"type":"object","properties":{"a":{"type":"integer"},"b":{"$ref":"#/properties/a"}}}""", """{"a":1,"b":2}""", true)]
    [InlineData("""{"$ref":"#/definitions/a~1b","definitions":{"a/b":{"type":"boolean"}}}""", "true", true)]
    [InlineData(Shapes, """{"$type":"circle","r":1.5}""", true)]
    [InlineData(Shapes, """{"$type":"dot"}""", true)]
    [InlineData(Shapes, """{"$type":"dot","r":1.5}""", false)]
    [InlineData("""{"allOf":[{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]},{"properties":{"b":{"enum":["x","y"]}},"required":["b"]}]}""", """{"a":1,"b":"y"}""", true)]
    [InlineData("""{"allOf":[{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]},{"properties":{"b":{"enum":["x","y"]}},"required":["b"]}]}""", """{"a":1}""", false)]
    [InlineData("""{"allOf":[{"type":["integer","string"]},{"type":"number","minimum":3}]}""", "3", true)]
    [InlineData("""{"allOf":[{"type":["integer","string"]},{"type":"number","minimum":3}]}""", "2", false)]
    [InlineData("""{"enum":["a",1,null,{"k":[true]}]}""", """{"k":[true]}""", true)]
    [InlineData("""{"enum":["a",1,null]}""", "\"b\"", false)]
    [InlineData("""{"type":["string","null"],"enum":["a\"b",1,null]}""", "\"a\\\"b\"", true)]
    [InlineData("""{"type":["string","null"],"enum":["a\"b",1,null]}""", "1", false)]
    [InlineData("""{"const":"é"}""", "\"é\"", true)]
    [InlineData("""{"type":"string","nullable":true}""", "null", true)]
    [InlineData("""{"type":["integer","boolean"]}""", "false", true)]
    [InlineData("""{"type":["integer","boolean"]}""", "null", false)]
    [InlineData("true", """[1,-2.5e3,"x",{},[]]""", true)]
    [InlineData("{}", "\"x\"", true)]
    [InlineData("""{"type":"number"}""", "-0.25E+9", true)]
    [InlineData("""{"type":"number"}""", "01", false)]
    [InlineData("""{"type":"number","minimum":0,"maximum":1}""", "0.75", true)]
    [InlineData("""{"type":"number","minimum":0,"maximum":1}""", "1.0", true)]
    [InlineData("""{"type":"number","minimum":0,"maximum":1}""", "1.01", false)]
    [InlineData("""{"type":"number","minimum":-2}""", "-1.99", true)]
    [InlineData("""{"type":"number","minimum":-2}""", "-2.01", false)]
    [InlineData("""{"type":"number","maximum":-2}""", "-2.01", true)]
    [InlineData("""{"type":"number","maximum":-2}""", "-1.99", false)]
    [InlineData("""{"type":"array","items":{"type":"integer"},"minItems":2,"maxItems":3}""", "[1,2]", true)]
    [InlineData("""{"type":"array","items":{"type":"integer"},"minItems":2,"maxItems":3}""", "[1]", false)]
    [InlineData("""{"type":"array","items":{"type":"integer"},"minItems":2,"maxItems":3}""", "[1,2,3,4]", false)]
    [InlineData("""{"type":"array","items":{"type":"integer"},"maxItems":0}""", "[ ]", true)]
    [InlineData("""{"type":"array","items":{"type":"integer"},"maxItems":1}""", "[1]", true)]
    [InlineData("""{"type":"array","prefixItems":[{"type":"string"},{"type":"integer"}],"items":{"type":"null"},"minItems":1}""", """["a",1,null,null]""", true)]
    [InlineData("""{"type":"array","prefixItems":[{"type":"string"},{"type":"integer"}],"items":{"type":"null"},"minItems":1}""", """["a"]""", true)]
    [InlineData("""{"type":"array","prefixItems":[{"type":"string"},{"type":"integer"}],"items":{"type":"null"},"minItems":1}""", "[]", false)]
    [InlineData("""{"type":"array","prefixItems":[{"type":"string"},{"type":"integer"}],"items":false}""", """["a",1,2]""", false)]
    [InlineData("""{"type":"string","minLength":2,"maxLength":3}""", "\"é\\n\"", true)]
    [InlineData("""{"type":"string","minLength":2,"maxLength":3}""", "\"a\"", false)]
    [InlineData("""{"type":"string","minLength":2,"maxLength":3}""", "\"abcd\"", false)]
    [InlineData("""{"type":"string","pattern":"^[A-Z]{2}-\\d+$"}""", "\"AB-12\"", true)]
    [InlineData("""{"type":"string","pattern":"^[A-Z]{2}-\\d+$"}""", "\"AB-\"", false)]
    [InlineData("""{"type":"string","pattern":"^-?(\\d+\\.)?\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,7})?$"}""", "\"-1.02:03:04.5\"", true)]
    [InlineData("""{"type":"string","pattern":"b+"}""", "\"abbc\"", true)]
    [InlineData("""{"type":"string","pattern":"^(a|\\\"|\\\\)*$"}""", "\"a\\\"\\\\\"", true)]
    [InlineData("""{"type":"string","pattern":"^[^\\w]$"}""", "\"a\"", false)]
    [InlineData("""{"type":"string","format":"date"}""", "\"2024-02-29\"", true)]
    [InlineData("""{"type":"string","format":"date"}""", "\"2023-02-29\"", false)]
    [InlineData("""{"type":"string","format":"date"}""", "\"2023-04-31\"", false)]
    [InlineData("""{"type":"string","format":"date-time"}""", "\"2023-12-31T23:59:59.25+01:00\"", true)]
    [InlineData("""{"type":"string","format":"time"}""", "\"24:00:00Z\"", false)]
    [InlineData("""{"type":"string","format":"uuid"}""", "\"6f9619ff-8b86-d011-b42d-00c04fc964ff\"", true)]
    [InlineData("""{"type":"string","format":"uuid"}""", "\"6f9619ff8b86d011b42d00c04fc964ff\"", false)]
    public void A_text_keeps_the_schema_or_not(string schema, string json, bool kept) => Assert.Equal(kept, TextWalk.KeepsSchema(schema, json));

    [Theory]
    [InlineData(-12, 130)]
    [InlineData(5, 5)]
    [InlineData(0, 9)]
    [InlineData(-305, -17)]
    [InlineData(99, 1001)]
    [InlineData(null, 20)]
    [InlineData(-3, null)]
    public void Whole_bounds_are_kept_for_every_number_near_them(int? least, int? most)
    {
        var bounds = (least is null ? "" : $",\"minimum\":{least}") + (most is null ? "" : $",\"exclusiveMaximum\":{most + 1}");
        var rules = GrammarRules.Parse(JsonSchemaGrammar.Write($"{{\"type\":\"integer\"{bounds}}}"));
        for (var number = -1200; number <= 1200; number++)
        {
            var constraint = new GrammarConstraint(rules, TextWalk.Bytes);
            var kept = true;
            foreach (var digit in FormattableString.Invariant($"{number}"))
            {
                if (kept &= constraint.Allows(digit))
                    constraint.Accept(digit);
            }

            Assert.Equal(number >= (least ?? int.MinValue) && number <= (most ?? int.MaxValue), kept && constraint.Allows(TextWalk.End));
        }
    }

    [Theory]
    [InlineData("{", "not JSON")]
    [InlineData("3", "$ is neither")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"text"}}}""", "$.properties.a.type is 'text'")]
    [InlineData("""{"type":"object","properties":{"a":{"not":{}}}}""", "$.properties.a.not is a keyword")]
    [InlineData("""{"type":"object","patternProperties":{}}""", "$.patternProperties")]
    [InlineData("""{"type":"array","uniqueItems":true}""", "$.uniqueItems")]
    [InlineData("""{"type":"array","items":{"type":"number","multipleOf":2}}""", "$.items.multipleOf")]
    [InlineData("""{"type":"array","items":[{}]}""", "$.items is an array")]
    [InlineData("""{"type":"string","format":"email"}""", "$.format is 'email'")]
    [InlineData("""{"type":"string","pattern":"^(?=a)b$"}""", "$.pattern")]
    [InlineData("""{"type":"string","pattern":"(a)\\1"}""", "$.pattern")]
    [InlineData("""{"type":"string","pattern":"^a|b$"}""", "$.pattern")]
    [InlineData("""{"type":"string","pattern":"^a$","maxLength":3}""", "more than one")]
    [InlineData("""{"type":"number","minimum":0.5}""", "$.minimum is not whole")]
    [InlineData("""{"type":"number","exclusiveMinimum":0}""", "$.exclusiveMinimum")]
    [InlineData("""{"type":"integer","minimum":1e40}""", "$.minimum")]
    [InlineData("""{"$ref":"https://example.com/schema"}""", "$.$ref names")]
    [InlineData("""{"$ref":"#/$defs/none"}""", "$.$ref names")]
    [InlineData("""{"oneOf":[{"type":"object"},{"type":"object","required":["a"]}]}""", "$.oneOf has parts 0 and 1")]
    [InlineData("""{"allOf":[{"properties":{"a":{}},"additionalProperties":false},{"properties":{"b":{}}}]}""", "additionalProperties")]
    [InlineData("""{"enum":["a"],"minLength":1}""", "$.minLength stands beside")]
    [InlineData("false", "$ can never be met")]
    [InlineData("""{"enum":[]}""", "$ can never be met")]
    [InlineData("""{"type":"integer","enum":["a"]}""", "$ can never be met")]
    [InlineData("""{"type":[]}""", "can never be met")]
    [InlineData("""{"anyOf":[false]}""", "can never be met")]
    [InlineData("""{"type":"array","minItems":3,"maxItems":2}""", "minItems is 3 and maxItems 2")]
    [InlineData("""{"type":"array","prefixItems":[{}],"items":false,"minItems":2}""", "minItems is 2")]
    [InlineData("""{"type":"string","minLength":3,"maxLength":2}""", "minLength is 3")]
    [InlineData("""{"type":"integer","minimum":3,"maximum":2}""", "the least is 3")]
    [InlineData("""{"type":"object","properties":{"a":false},"required":["a"]}""", "$.properties.a can never be met")]
    [InlineData("""{"type":"object","required":["a"],"additionalProperties":false}""", "requires the property 'a'")]
    [InlineData("""{"allOf":[{"type":"string"},{"type":"integer"}]}""", "can never be met")]
    [InlineData("""{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/a"}}}""", "leads back to itself")]
    [InlineData("""{"$ref":"#/$defs/a","$defs":{"a":{"anyOf":[{"$ref":"#/$defs/a"},{"type":"null"}]}}}""", "left recursion")]
    [InlineData("""{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}""", "goes on for ever")]
    [InlineData("""{"$ref":"#/$defs/a","$defs":{"a":{"allOf":[{"$ref":"#/$defs/a"},{"type":"object"}]}}}""", "levels")]
    public void A_schema_that_cannot_be_kept_is_refused_by_its_place(string schema, string reason)
    {
        var error = Assert.Throws<HybridException>(() => GrammarRules.Parse(JsonSchemaGrammar.Write(schema)));
        Assert.Equal(HybridError.InvalidRequest, error.Error);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.EndsWith("Nothing was decoded.", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"a":[1,2,{"b":null}],"c":"d"}""", true)]
    [InlineData("{}", true)]
    [InlineData("[]", false)]
    [InlineData("{\"a\":   1}", false)] // Blanks are bounded.
    public void Json_mode_is_any_object(string text, bool kept) => Assert.Equal(kept, TextWalk.Keeps(JsonSchemaGrammar.AnyObject(), text));
}
