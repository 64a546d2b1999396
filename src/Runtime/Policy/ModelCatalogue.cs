using Hybrid.Configuration;
using Hybrid.Targets;

namespace Hybrid.Policy;

/// <summary>Which target carries which model.</summary>
internal static class ModelCatalogue
{
    /// <summary>What to say where no target carries a model: what each does, the nearest first.</summary>
    public static string Carried(string model, IEnumerable<TargetDescriptor> targets)
    {
        var carried = targets.GroupBy(target => target.Model, target => target.Name).OrderBy(one => Distance(one.Key, model)).Select(one => $"{one.Key} ({string.Join(", ", one)})").ToArray();
        return carried.Length == 1 ? $"there is {carried[0]}" : $"the nearest is {carried[0]}; there are also {string.Join(", ", carried.Skip(1))}";
    }

    /// <summary>Names are compared without who made them: <c>meta-llama/Llama-3.1-8B</c> is near <c>llama-3.1-8b-awq</c>.</summary>
    private static int Distance(string a, string b) => EditDistance.Between(a[(a.LastIndexOf('/') + 1)..], b[(b.LastIndexOf('/') + 1)..]);
}
