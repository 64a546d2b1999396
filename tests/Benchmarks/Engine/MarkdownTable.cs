namespace Hybrid.Benchmarks.Engine;

/// <summary>A table as it goes into docs/performance.md: caption, command, rows as they come.</summary>
internal sealed class MarkdownTable
{
    private readonly int _columns;

    public MarkdownTable(EngineOptions options, string caption, params string[] columns)
        : this(options.Command, options.Quick, caption, columns)
    {
    }

    public MarkdownTable(string command, bool quick, string caption, params string[] columns)
    {
        _columns = columns.Length;
        Console.WriteLine($"{caption}\n");
        if (quick)
            Console.WriteLine("**A smoke run: these figures are worth nothing.**\n");
        Console.WriteLine($"```\n{command}\n```\n");
        Write(columns);
        Write([.. columns.Select(_ => "---")]);
    }

    public void Row(params string[] cells)
    {
        if (cells.Length != _columns)
            throw new ArgumentException($"{cells.Length} cells for {_columns} columns.", nameof(cells));
        Write(cells);
    }

    private static void Write(string[] cells) => Console.WriteLine($"| {string.Join(" | ", cells)} |");
}
