using System.Reflection;
using Hybrid.CloudConnector;
using Hybrid.Edge.Mqtt;

namespace Hybrid.EndToEnd.Packages;

/// <summary>What apps compile against changes by intent alone.</summary>
public class PublicApiTests
{
    private static readonly string Accepted = Path.Combine(Repository.Root, "tests", "EndToEnd", "Packages", "Api");

    public static TheoryData<Assembly> Assemblies => [typeof(HybridChatClient).Assembly, typeof(CloudConnectorServiceCollectionExtensions).Assembly, typeof(MqttClient).Assembly];

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void It_is_the_one_that_was_accepted(Assembly assembly)
    {
        var file = $"{assembly.GetName().Name}.txt";
        var actual = PublicApi.Of(assembly);
        var written = Path.Combine(AppContext.BaseDirectory, "api", file);
        Directory.CreateDirectory(Path.GetDirectoryName(written)!);
        File.WriteAllText(written, string.Join('\n', actual) + "\n");

        var accepted = Path.Combine(Accepted, file);
        var differences = PublicApi.Differences(File.Exists(accepted) ? [.. File.ReadLines(accepted)] : [], actual).ToList();
        Assert.True(differences.Count == 0, $"""
            The public API of {assembly.GetName().Name} has changed ({differences.Count} lines):

            {string.Join('\n', differences)}

            A line with - breaks apps that use it. If that is meant, accept it and say so in CHANGELOG.md:

            cp "{written}" "{accepted}"
            """);
    }

    [Fact]
    public void A_difference_is_told_with_its_type()
    {
        string[] before = ["class A", "    int One { get; }", "class B", "    int One { get; }"];
        string[] after = ["class A", "    int One { get; }", "class B", "    long One { get; }", "class C"];
        Assert.Equal(["- class B: int One { get; }", "+ class B: long One { get; }", "+ class C"], PublicApi.Differences(before, after));
    }

    [Fact]
    public void It_has_what_a_caller_can_break_on()
    {
        var lines = PublicApi.Of(typeof(PublicApiTests).Assembly).ToHashSet();
        var type = $"{typeof(Shape<>).Namespace}.PublicApiTests.Shape<T>";
        Assert.Contains($"abstract class {type} where T : class", lines);
        Assert.Contains("    required string? Name { get; init; }", lines);
        Assert.Contains("    protected abstract Task<T?> TurnAsync(in int by, string[]? names = default, CancellationToken cancellationToken = default)", lines);
        Assert.Contains("    const int Corners = 4", lines);
        Assert.DoesNotContain(lines, line => line.Contains("Hidden", StringComparison.Ordinal));
    }

    public abstract class Shape<T>
        where T : class
    {
        public const int Corners = 4;

        public required string? Name { get; init; }

        internal int Hidden { get; set; }

        protected abstract Task<T?> TurnAsync(in int by, string[]? names = null, CancellationToken cancellationToken = default);
    }
}
