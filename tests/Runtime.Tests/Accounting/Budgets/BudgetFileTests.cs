using System.Text;
using Hybrid.Accounting.Budgets;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.Tests.Accounting.Budgets;

public sealed class BudgetFileTests : IDisposable
{
    private const long Dollar = 1_000_000_000;
    private static readonly BudgetWindows Now = BudgetWindows.At(new ManualTimeProvider().GetUtcNow(), TimeZoneInfo.Utc);
    private readonly BudgetFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>$1 before, $0.50 settled of $2, and $4 that had not ended: $5.50 in all.</summary>
    private static string[] Lines =>
    [
        BudgetLine.Sealed(BudgetLine.Head),
        Total(1),
        BudgetLine.Sealed(BudgetLine.Head),
        Total(1),
        Entry(false, 1, 2),
        Entry(false, 2, 4),
        Entry(true, 1, 0.5),
    ];

    [Fact]
    public async Task A_second_process_is_refused_and_told_what_to_do()
    {
        await using var ledger = _folder.Open(new() { DollarsPerDay = 1 });
        var error = Assert.Throws<HybridException>(() => _folder.Open(new() { DollarsPerDay = 1 }));
        Assert.Equal(HybridError.Storage, error.Error);
        Assert.Contains("Only one process at a time", error.Message, StringComparison.Ordinal);
        await ledger.DisposeAsync();
        await using var next = _folder.Open(new() { DollarsPerDay = 1 });
        Assert.Equal(1, next.Left().Dollars);
    }

    [Fact]
    public async Task A_file_that_is_cut_off_anywhere_counts_its_whole_lines()
    {
        var text = string.Concat(Lines.Select(line => line + "\n"));
        double[] spent = [0, 1, 1, 1, 3, 7, 5.5]; // after each line
        for (var length = Lines[0].Length + 1; length <= text.Length; length++)
        {
            File.WriteAllText(_folder.Path, text[..length]);
            var whole = text[..length].Count(letter => letter == '\n');
            await using var ledger = _folder.Open(new() { DollarsPerDay = 100 });
            Assert.Equal(100 - spent[whole - 1], ledger.Left().Dollars);
        }

        Assert.DoesNotContain(_folder.Log, line => line.StartsWith("1323", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_flipped_bit_anywhere_is_reported_and_hides_nothing_that_stands_there_twice()
    {
        var text = Encoding.Latin1.GetBytes(string.Concat(Lines.Select(line => line + "\n")));
        var lastLines = Lines.Take(5).Sum(line => line.Length + 1) - 1; // from here on the unsettled reservation may be what is hit
        for (var at = 0; at < text.Length; at++)
        {
            if (at % 3 != 0 && text[at] is not ((byte)'\n' or (byte)' ')) continue; // a third of them, and whatever ends a word or a line
            var flipped = (byte[])text.Clone();
            flipped[at] ^= (byte)(1 << (at % 8));
            await File.WriteAllBytesAsync(_folder.Path, flipped);
            var before = _folder.Log.Count(line => line.StartsWith("1323 Error", StringComparison.Ordinal));
            await using var ledger = _folder.Open(new() { DollarsPerDay = 100 });
            Assert.InRange(100 - ledger.Left().Dollars!.Value, at < lastLines ? 5.5 : 1.5, 7);
            if (at == text.Length - 1) continue; // without its end the last line is one that was never written
            Assert.Equal(before + 1, _folder.Log.Count(line => line.StartsWith("1323 Error", StringComparison.Ordinal)));
            Assert.Equal(flipped, await File.ReadAllBytesAsync(_folder.Path + ".damaged"));
        }
    }

    [Theory]
    [InlineData("my diary")]
    [InlineData("my diary\nof two lines\n")]
    public void A_file_of_something_else_is_left_alone(string content)
    {
        File.WriteAllText(_folder.Path, content);
        var error = Assert.Throws<HybridException>(() => _folder.Open(new() { DollarsPerDay = 1 }));
        Assert.Equal(HybridError.Storage, error.Error);
        Assert.Contains("Nothing was changed", error.Message, StringComparison.Ordinal);
        Assert.Equal(content, File.ReadAllText(_folder.Path));
    }

    [Fact]
    public void A_line_of_a_later_version_is_left_alone()
    {
        _folder.Write([.. Lines, BudgetLine.Sealed("lent 1 2 3")]);
        Assert.Contains("a later version", Assert.Throws<HybridException>(() => _folder.Open()).Message, StringComparison.Ordinal);
        Assert.Contains("lent", File.ReadAllText(_folder.Path), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sixty_four_reservations_at_once_are_one_write_and_one_flush()
    {
        var gate = new Lock();
        var journal = new BudgetJournal(BudgetFile.Open(_folder.Path), gate, () => throw new InvalidOperationException("nothing to compact"), NullLogger.Instance, 1 << 20);
        Task[] written = new Task[64];
        gate.Enter(); // the writer takes what is queued, so that all come before it
        for (var i = 0; i < written.Length; i++) written[i] = journal.Append(Entry(false, i, 1), durable: true);
        gate.Exit();
        await Task.WhenAll(written);
        Assert.Equal(1, journal.Flushes);
        Assert.Equal(64, File.ReadAllLines(_folder.Path).Length);
        await journal.DisposeAsync();
    }

    [Fact]
    public async Task After_a_failed_write_the_file_is_replaced_by_what_the_ledger_knows()
    {
        var gate = new Lock();
        var file = BudgetFile.Open(_folder.Path);
        await using var journal = new BudgetJournal(file, gate, () => "all\n", _folder, 1 << 20);
        await Append("a");
        file.Dispose(); // the next write finds it closed
        Assert.Equal(HybridError.Storage, (await Assert.ThrowsAsync<HybridException>(() => Append("b"))).Error);
        Assert.Equal("a\n", await File.ReadAllTextAsync(_folder.Path));
        await Append("c");
        await Append("d");
        Assert.Equal("all\nd\n", await File.ReadAllTextAsync(_folder.Path));

        Task Append(string line)
        {
            lock (gate) return journal.Append(line, durable: true);
        }
    }

    [Fact]
    public async Task Every_total_is_written_twice_and_apart()
    {
        _folder.Write([.. Lines, BudgetLine.Of(new BudgetLine.Entry(true, 3, Now, new(Dollar, 0), "acme"))]);
        await _folder.Open().DisposeAsync();
        var lines = File.ReadAllLines(_folder.Path);
        Assert.Equal(6, lines.Length); // a head, the app and the tenant, and all that again
        Assert.Equal(lines[..3], lines[3..]);
        Assert.Equal(3, lines.Distinct().Count());
    }

    [Fact]
    public async Task A_reservation_is_in_the_file_before_it_is_given()
    {
        await using var ledger = _folder.Open(new() { DollarsPerDay = 1 });
        for (var i = 1; i <= 5; i++)
        {
            var reservation = (await ledger.ReserveAsync(null, new(i, 0), default)).Reservation!;
            Assert.Contains(File.ReadAllLines(_folder.Path), line => line.StartsWith($"reserved {reservation.Id} ", StringComparison.Ordinal));
            Assert.Equal(i, ledger.Flushes);
        }
    }

    [Fact]
    public async Task The_file_is_rewritten_before_it_grows_without_end()
    {
        BudgetReservation held;
        await using (var ledger = _folder.Open(new() { DollarsPerDay = 1000 }, compactAt: 4000))
        {
            held = (await ledger.ReserveAsync(null, new(7 * Dollar, 0), default)).Reservation!;
            for (var i = 0; i < 300; i++)
            {
                var one = (await ledger.ReserveAsync("t" + (i % 3), new(Dollar, 0), default)).Reservation!;
                ledger.Settle(one, new(Dollar / 2, 0));
                Assert.InRange(new FileInfo(_folder.Path).Length, 1, 6000);
            }

            ledger.Settle(held, new(2 * Dollar, 0));
            Assert.Equal(1000 - 152, ledger.Left().Dollars);
        }

        Assert.False(File.Exists(_folder.Path + ".new"));
        await using var next = _folder.Open(new() { DollarsPerDay = 1000 });
        Assert.Equal(1000 - 152, next.Left().Dollars);
    }

    [Fact]
    public async Task What_cannot_be_written_is_not_reserved_and_later_nothing_is_missing()
    {
        await using (var ledger = _folder.Open(new() { DollarsPerDay = 10 }, compactAt: 1))
        {
            Directory.CreateDirectory(_folder.Path + ".new"); // where the rewritten file would be made
            HybridException? error = null;
            var reserved = 0;
            while (error is null && reserved < 100)
            {
                try
                {
                    Assert.NotNull((await ledger.ReserveAsync(null, new(Dollar / 100, 0), default)).Reservation);
                    reserved++;
                }
                catch (HybridException failure)
                {
                    error = failure;
                }
            }

            Assert.Equal(HybridError.Storage, error!.Error);
            Assert.InRange(reserved, 1, 50);
            Assert.Equal(10 - (reserved / 100.0), ledger.Left().Dollars!.Value, 9);
            Directory.Delete(_folder.Path + ".new");
            Assert.NotNull((await ledger.ReserveAsync(null, new(Dollar, 0), default)).Reservation);
            Assert.Equal(9 - (reserved / 100.0), ledger.Left().Dollars!.Value, 9);
            await ledger.DisposeAsync();
            Assert.Contains(_folder.Log, line => line.StartsWith("1324 Error", StringComparison.Ordinal));
            await using var next = _folder.Open(new() { DollarsPerDay = 10 });
            Assert.Equal(9 - (reserved / 100.0), next.Left().Dollars!.Value, 9);
        }
    }

    [Fact]
    public async Task A_closed_ledger_reserves_nothing()
    {
        var ledger = _folder.Open(new() { DollarsPerDay = 10 });
        await ledger.DisposeAsync();
        var error = await Assert.ThrowsAsync<HybridException>(() => ledger.ReserveAsync(null, new(1, 0), default).AsTask());
        Assert.Equal(HybridError.Storage, error.Error);
        Assert.Equal(10, ledger.Left().Dollars);
    }

    private static string Total(double dollars)
    {
        var taken = BudgetAmount.Up(dollars, 0);
        return BudgetLine.Of(new BudgetLine.Total(Now, [taken, taken, taken], null));
    }

    private static string Entry(bool settled, long id, double dollars) => BudgetLine.Of(new BudgetLine.Entry(settled, id, Now, BudgetAmount.Up(dollars, 0), null));
}
