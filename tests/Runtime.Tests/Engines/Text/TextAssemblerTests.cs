using System.Text;
using Hybrid.Engines.Text;

namespace Hybrid.Tests.Engines.Text;

public class TextAssemblerTests
{
    [Fact]
    public void A_sequence_that_is_cut_comes_whole()
    {
        var text = new TextAssembler([]);
        var bytes = Encoding.UTF8.GetBytes("5 °C 🙂");
        var pieces = bytes.Select(value => text.Append([value])).ToList();
        Assert.Equal("5 °C 🙂", string.Concat(pieces) + text.Flush());
        Assert.All(pieces, piece => Assert.DoesNotContain('\uFFFD', piece));
        Assert.All(pieces, piece => Assert.True(piece.Length != 1 || !char.IsSurrogate(piece[0]), "a surrogate came alone"));
    }

    [Fact]
    public void Broken_bytes_become_the_replacement_character_and_later_text_stays()
    {
        var text = new TextAssembler([]);
        Assert.Equal("a\uFFFDb", text.Append([(byte)'a', 0xFF, (byte)'b']));
        Assert.Equal("", text.Append([0xE2, 0x82]));
        Assert.Equal("\uFFFD", text.Flush());
    }

    [Fact]
    public void What_may_begin_a_stop_string_is_held_back_until_it_is_certain()
    {
        var text = new TextAssembler(["<end>"]);
        Assert.Equal("a", text.Append("a<e"u8));
        Assert.Equal("<ex", text.Append("x"u8));
        Assert.Equal("y", text.Append("y<end"u8));
        Assert.Equal("", text.Append(">z"u8));
        Assert.True(text.Stopped);
        Assert.Equal("", text.Append("more"u8));
        Assert.Equal("", text.Flush());
    }

    [Fact]
    public void What_was_held_back_comes_at_the_end()
    {
        var text = new TextAssembler(["<end>"]);
        Assert.Equal("a", text.Append("a<en"u8));
        Assert.Equal("<en", text.Flush());
        Assert.False(text.Stopped);
    }

    [Fact]
    public void Random_texts_cuts_and_stop_strings_give_the_text_up_to_the_first_stop()
    {
        var random = new Random(11);
        const string Alphabet = "aab<é€🙂";
        for (var round = 0; round < 20_000; round++)
        {
            var whole = Draw(random, Alphabet, random.Next(0, 24));
            var stops = Enumerable.Range(0, random.Next(0, 3)).Select(_ => Draw(random, Alphabet, random.Next(1, 4))).ToArray();
            var text = new TextAssembler(stops);
            var bytes = Encoding.UTF8.GetBytes(whole);
            var got = new StringBuilder();
            for (var at = 0; at < bytes.Length;)
            {
                var size = Math.Min(random.Next(1, 5), bytes.Length - at);
                got.Append(text.Append(bytes.AsSpan(at, size)));
                at += size;
            }

            got.Append(text.Flush());
            Assert.Equal(UpToFirst(whole, stops), got.ToString());
        }
    }

    [Fact]
    public void Bytes_that_no_text_has_are_pending()
    {
        var text = new TextAssembler(["<énd>"]);
        (string Piece, string Text, int Pending)[] steps = [("a", "a", 0), ("b<é", "b", 3), ("nx", "<énx", 0), ("<é", "", 3), ("nd>z", "", 7)];
        foreach (var (piece, given, pending) in steps)
            Assert.Equal((given, pending), (text.Append(Encoding.UTF8.GetBytes(piece)), text.PendingBytes));
        Assert.Equal(("", 7), (text.Flush(), text.PendingBytes));

        var broken = new TextAssembler([]);
        Assert.Equal(("5 ", 2), (broken.Append([(byte)'5', (byte)' ', 0xE2, 0x82]), broken.PendingBytes));
        Assert.Equal(("€", 0), (broken.Append([0xAC]), broken.PendingBytes));
        Assert.Equal(("", 3), (broken.Append([0xF0, 0x9F, 0x99]), broken.PendingBytes));
        Assert.Equal(("\uFFFD", 3), (broken.Flush(), broken.PendingBytes));

        var held = new TextAssembler(["<end>"]);
        held.Append("<en"u8);
        Assert.Equal(("<en", 0), (held.Flush(), held.PendingBytes));
    }

    [Fact]
    public void Random_bytes_give_the_text_that_they_give_in_one_piece()
    {
        var random = new Random(12);
        byte[] likely = [(byte)'a', 0xC3, 0xA9, 0xE2, 0x82, 0xAC, 0xF0, 0x9F, 0x99, 0x82, 0xED, 0xA0, 0xFF, 0x80];
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = Enumerable.Range(0, random.Next(0, 12)).Select(_ => likely[random.Next(likely.Length)]).ToArray();
            var text = new TextAssembler([]);
            var got = "";
            for (var at = 0; at < bytes.Length;)
            {
                var size = Math.Min(random.Next(1, 4), bytes.Length - at);
                got += text.Append(bytes.AsSpan(at, size));
                at += size;
                if (text.PendingBytes == 0)
                    Assert.Equal(Encoding.UTF8.GetString(bytes, 0, at), got);
            }

            Assert.Equal(Encoding.UTF8.GetString(bytes), got + text.Flush());
        }
    }

    /// <summary>The stop string that is complete first ends the text; of two that end together, the longer one.</summary>
    private static string UpToFirst(string whole, string[] stops)
    {
        for (var end = 1; end <= whole.Length; end++)
        {
            var begins = stops.Where(stop => whole.AsSpan(0, end).EndsWith(stop, StringComparison.Ordinal)).Select(stop => end - stop.Length).ToList();
            if (begins.Count > 0)
                return whole[..begins.Min()];
        }

        return whole;
    }

    private static string Draw(Random random, string alphabet, int runes)
    {
        var all = alphabet.EnumerateRunes().ToArray();
        return string.Concat(Enumerable.Range(0, runes).Select(_ => all[random.Next(all.Length)].ToString()));
    }
}
