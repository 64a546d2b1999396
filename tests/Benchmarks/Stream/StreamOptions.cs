using System.Globalization;

namespace Hybrid.Benchmarks.Stream;

/// <summary>What the command line asks for.</summary>
internal sealed record StreamOptions
{
    public string Table { get; private init; } = "";

    /// <summary>Null: as many as the table usually has.</summary>
    public int? Runs { get; private init; }

    public int Seed { get; private init; } = 1;

    /// <summary>A smoke run: shows that the table works, and its figures are worth nothing.</summary>
    public bool Quick { get; private init; }

    /// <summary>Only rows whose name has this in it.</summary>
    public string Only { get; private init; } = "";

    /// <summary>What to type for this table again.</summary>
    public string Command { get; private init; } = "";

    /// <summary>The options, or what is wrong with the arguments.</summary>
    public static (StreamOptions? Options, string Error) Parse(string[] arguments)
    {
        if (arguments is not [var table, .. var rest])
            return (null, "Name a table.");
        var options = new StreamOptions { Table = table, Command = $"dotnet run -c Release --project tests/Benchmarks -- stream {string.Join(' ', arguments)}" };
        for (var i = 0; i < rest.Length; i++)
        {
            var value = i + 1 < rest.Length ? rest[i + 1] : "";
            switch (rest[i])
            {
                case "--quick":
                    options = options with { Quick = true, Runs = options.Runs ?? 3 };
                    continue;
                case "--runs" when int.TryParse(value, CultureInfo.InvariantCulture, out var runs) && runs > 0:
                    options = options with { Runs = runs };
                    break;
                case "--seed" when int.TryParse(value, CultureInfo.InvariantCulture, out var seed):
                    options = options with { Seed = seed };
                    break;
                case "--only" when value.Length > 0:
                    options = options with { Only = value };
                    break;
                default:
                    return (null, $"'{rest[i]} {value}' is not understood.");
            }

            i++;
        }

        return (options, "");
    }

    public int RunsOr(int usual) => Runs ?? usual;

    public bool Wants(string row) => row.Contains(Only, StringComparison.OrdinalIgnoreCase);
}
