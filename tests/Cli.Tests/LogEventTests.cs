using System.Reflection;
using Microsoft.Extensions.Logging;

namespace Hybrid.Cli.Tests;

public class LogEventTests
{
    /// <summary>An operator's alert on a number means one thing. Numbers below 1000 count within their category.</summary>
    [Fact]
    public void No_two_events_have_one_number()
    {
        var events = ((string[])["Hybrid.Runtime", "Hybrid.CloudConnector", "Hybrid.Edge", "hybrid-worker", "hybrid"])
            .SelectMany(name => Assembly.Load(name).GetTypes())
            .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Select(method => (method, id: method.GetCustomAttribute<LoggerMessageAttribute>()?.EventId ?? 0))
            .Where(one => one.id >= 1000).ToArray();
        Assert.True(events.Length > 60, $"{events.Length} events were found");
        Assert.Empty(events.GroupBy(one => one.id).Where(same => same.Count() > 1).Select(same => string.Join(" and ", same.Select(one => $"{one.method.DeclaringType}.{one.method.Name}"))));
    }
}
