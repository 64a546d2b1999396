namespace Hybrid.Benchmarks.Engine;

/// <summary>What the command line asks for.</summary>
internal sealed record EngineOptions
{
    public string Table { get; private init; } = "";

    /// <summary>Pairs that count; void ones are run again.</summary>
    public int Pairs { get; private init; } = 9;

    /// <summary>Null: every model of the table.</summary>
    public string? Model { get; private init; }

    public int Threads { get; private init; } = 2;

    /// <summary>A smoke run: shows that the table works, and its figures are worth nothing.</summary>
    public bool Quick { get; private init; }

    public double Minutes { get; private init; } = 30;

    public int Seed { get; private init; } = 1;

    /// <summary>What to type for this table again.</summary>
    public string Command { get; private init; } = "";

    /// <summary>The options, or what is wrong with the arguments.</summary>
    /// <param name="arguments">The table, then options.</param>
    /// <param name="command">Which tables.</param>
    /// <param name="models">What <c>--model</c> may name; null: <see cref="BenchModel.Names"/>.</param>
    public static (EngineOptions? Options, string Error) Parse(string[] arguments, string command = "engine", IReadOnlyList<string>? models = null)
    {
        if (arguments is not [var table, .. var rest])
            return (null, "Name a table.");
        var options = new EngineOptions { Table = table, Command = $"dotnet run -c Release --project tests/Benchmarks -- {command} {string.Join(' ', arguments)}" };
        if (rest.Contains("--quick"))
            options = options with { Quick = true, Pairs = 1, Minutes = 0.2 };
        for (var i = 0; i < rest.Length; i++)
        {
            var value = i + 1 < rest.Length ? rest[i + 1] : "";
            switch (rest[i])
            {
                case "--quick":
                    continue;
                case "--pairs" when int.TryParse(value, out var pairs) && pairs > 0:
                    options = options with { Pairs = pairs };
                    break;
                case "--threads" when int.TryParse(value, out var threads) && threads > 0:
                    options = options with { Threads = threads };
                    break;
                case "--minutes" when double.TryParse(value, out var minutes) && minutes > 0:
                    options = options with { Minutes = minutes };
                    break;
                case "--seed" when int.TryParse(value, out var seed):
                    options = options with { Seed = seed };
                    break;
                case "--model" when (models ?? BenchModel.Names).Contains(value):
                    options = options with { Model = value };
                    break;
                default:
                    return (null, $"'{rest[i]} {value}' is not understood.");
            }

            i++;
        }

        return (options, "");
    }

    /// <summary>The table's models, or the one that was asked for.</summary>
    /// <exception cref="NotSupportedException">The table is not made with that one.</exception>
    public IEnumerable<BenchModel> Models(params string[] names) => Model is null || names.Contains(Model)
        ? (Model is null ? names : [Model]).Select(BenchModel.Get)
        : throw new NotSupportedException($"The table '{Table}' is made with {string.Join(", ", names)}, not with '{Model}'.");
}
