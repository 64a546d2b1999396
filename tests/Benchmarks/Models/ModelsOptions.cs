using System.Globalization;

namespace Hybrid.Benchmarks.Models;

/// <summary>What the command line asks for.</summary>
internal sealed record ModelsOptions
{
    public string Table { get; private init; } = "";

    public int Runs { get; private init; } = 5;

    public string Folder { get; private init; } = Path.GetTempPath();

    /// <summary>A smoke run: shows that the table works, and its figures are worth nothing.</summary>
    public bool Quick { get; private init; }

    public string Only { get; private init; } = "";

    /// <summary>What to type for this table again.</summary>
    public string Command { get; private init; } = "";

    /// <summary>The options, or what is wrong with the arguments.</summary>
    public static (ModelsOptions? Options, string Error) Parse(string[] arguments)
    {
        if (arguments is not [var table, .. var rest])
            return (null, "Name a table.");
        var options = new ModelsOptions { Table = table, Command = $"dotnet run -c Release --project tests/Benchmarks -- models {string.Join(' ', arguments)}" };
        for (var i = 0; i < rest.Length; i++)
        {
            var value = i + 1 < rest.Length ? rest[i + 1] : "";
            switch (rest[i])
            {
                case "--quick":
                    options = options with { Quick = true, Runs = 1 };
                    continue;
                case "--runs" when int.TryParse(value, CultureInfo.InvariantCulture, out var runs) && runs > 0:
                    options = options with { Runs = runs };
                    break;
                case "--folder" when Directory.Exists(value):
                    options = options with { Folder = Path.GetFullPath(value) };
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

    public bool Wants(string table) => table.Contains(Only, StringComparison.OrdinalIgnoreCase);
}
