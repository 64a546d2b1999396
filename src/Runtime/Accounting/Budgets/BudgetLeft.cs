using System.Runtime.InteropServices;

namespace Hybrid.Accounting.Budgets;

/// <summary>What may still be spent: the least over the app's and the tenant's hour, day and month, running requests taken off.</summary>
/// <param name="Dollars">Dollars; null: no limit.</param>
/// <param name="Grams">Grams CO2e; null: no limit.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct BudgetLeft(double? Dollars, double? Grams);
