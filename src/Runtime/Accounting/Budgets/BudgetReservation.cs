namespace Hybrid.Accounting.Budgets;

/// <summary>An amount that is set aside for one attempt, counted in the windows in which it was asked.</summary>
internal sealed record BudgetReservation(long Id, BudgetWindows Windows, BudgetAmount Most, string? Tenant);

/// <summary>A reservation, or the words for why there is no room.</summary>
internal readonly record struct BudgetAnswer(BudgetReservation? Reservation, string Refusal);
