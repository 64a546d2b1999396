using Hybrid.Policy;
using Hybrid.Streaming;
using Hybrid.Targets;

namespace Hybrid.Accounting.Budgets;

/// <summary>The budgets of one request: its own, its tenant's and the app's; used by one reader at a time.</summary>
internal sealed class RequestBudget
{
    private readonly BudgetLedger? _ledger;
    private readonly TimeProvider _time;
    private readonly string? _tenant;
    private readonly bool _dollars; // whether dollars are limited at all, and grams
    private readonly bool _grams;
    private BudgetAmount _own; // what is left of the request's own budget
    private BudgetAmount _most;
    private BudgetReservation? _held;
    private ReservedBudget? _reserved;
    private HybridException? _storage;
    private bool _refused;

    private RequestBudget(BudgetLedger? ledger, in RequestProfile profile, TimeProvider time, bool dollars, bool grams)
    {
        (_ledger, _time, _tenant, _dollars, _grams) = (ledger, time, profile.Tenant, dollars, grams);
        _own = new(BudgetAmount.Limit(profile.DollarsLeft), BudgetAmount.Limit(profile.GramsLeft));
    }

    /// <summary>The error of a request of which nothing was sent for want of a budget; null where no budget stood in the way.</summary>
    public HybridException? Refusal => _storage ?? (_refused
        ? new(HybridError.BudgetExceeded, "What is left of the budget does not cover the most that an answer could cost. Set MaxOutputTokens lower, wait for running requests or the next hour, day or month, or raise the budget.")
        : null);

    /// <summary>The budgets of a request whose profile holds its own limits; null where nothing is limited.</summary>
    public static RequestBudget? Of(BudgetLedger? ledger, in RequestProfile profile, TimeProvider time)
    {
        var (dollars, grams) = ledger?.Limited(profile.Tenant) ?? default;
        dollars |= profile.DollarsLeft is not null;
        grams |= profile.GramsLeft is not null;
        return dollars || grams ? new(ledger, profile, time, dollars, grams) : null;
    }

    /// <summary>A profile with the least that is left of the request's own budget and the ledger's.</summary>
    public static RequestProfile Within(BudgetLedger? ledger, in RequestProfile profile)
    {
        if (ledger is null) return profile;
        var left = ledger.Left(profile.Tenant);
        return profile with { DollarsLeft = Least(profile.DollarsLeft, left.Dollars), GramsLeft = Least(profile.GramsLeft, left.Grams) };
    }

    /// <summary>Sets the most that an attempt can cost aside; gives what may be sent, or the words for why it may not.</summary>
    /// <param name="target">Who is to be asked, as it is now.</param>
    /// <param name="request">What is left to ask.</param>
    /// <param name="inputTokens">Its tokens, as estimated.</param>
    /// <param name="outputBound">The most tokens of answer where the request sets no limit; at least 1.</param>
    /// <param name="cancellationToken">Ends the wait for the disk; then nothing is set aside.</param>
    public async ValueTask<(DecodeRequest Sent, string? Refusal)> TakeAsync(
        TargetSnapshot target, DecodeRequest request, int inputTokens, int outputBound, CancellationToken cancellationToken)
    {
        var context = target.Descriptor.ContextLength;
        var limit = request.MaxTokens ?? Math.Clamp(context - inputTokens, 1, Math.Max(outputBound, 1));
        _most = Most(target, request, inputTokens, Math.Min(limit, context));
        _reserved = null;
        if (_most.IsZero) return (request, null);

        if (BudgetScope.Words(_most, _own, "the request's budget") is { } words) return (request, Refuse(target, words));
        if (_ledger is not null)
        {
            try
            {
                (_held, words) = await _ledger.ReserveAsync(_tenant, _most, cancellationToken);
                if (_held is null) return (request, Refuse(target, words));
            }
            catch (HybridException failure)
            {
                _storage = failure;
                return (request, failure.Message);
            }
        }

        _reserved = new(Units(_most.Dollars), Units(_most.Grams), limit) { LimitAdded = request.MaxTokens is null };
        return (request.MaxTokens is null ? request with { MaxTokens = limit } : request, null);
    }

    /// <summary>Counts what an attempt took in the place of what was set aside for it; the receipt says both.</summary>
    public Receipt Settle(Receipt receipt)
    {
        var actual = BudgetAmount.Up(receipt.Dollars, receipt.Grams).Only(_dollars, _grams);
        _own = new(Less(_own.Dollars, actual.Dollars), Less(_own.Grams, actual.Grams));
        if (_held is { } held) _ledger!.Settle(held, actual);
        else if (!actual.IsZero) _ledger?.Spend(_tenant, actual);
        _held = null;
        var exceeded = actual.Dollars > _most.Dollars || actual.Grams > _most.Grams;
        if (exceeded)
        {
            BudgetMeter.Overran(receipt.Target);
            if (_ledger is not null) BudgetLog.Overrun(_ledger.Logger, receipt.Target, receipt.Dollars, receipt.Grams, Units(_most.Dollars), Units(_most.Grams));
        }

        var reserved = _reserved ?? (exceeded ? new(0, 0, 0) : null);
        _reserved = null;
        return reserved is null ? receipt : receipt with { Reserved = reserved with { Exceeded = exceeded } };
    }

    /// <summary>Frees what was set aside for an attempt that was never made.</summary>
    public void Release()
    {
        if (_held is { } held) _ledger!.Settle(held, default);
        _held = null;
    }

    private BudgetAmount Most(in TargetSnapshot target, DecodeRequest request, int inputTokens, int output)
    {
        var input = BudgetBound.InputTokens(request, inputTokens, target.Descriptor.ContextLength);
        TimeSpan? left = request.Deadline is { } deadline ? TimeSpan.FromTicks(Math.Max(0, (deadline - _time.GetUtcNow()).Ticks)) : null;
        return BudgetBound.Of(target, input, output, BudgetBound.Busy(target, input, output, left)).Only(_dollars, _grams);
    }

    private string Refuse(in TargetSnapshot target, string words)
    {
        _refused = true;
        BudgetMeter.Refused(target.Descriptor.Name);
        return words;
    }

    private static double Units(long billionths) => BudgetAmount.Units(billionths) ?? 0;

    private static long Less(long left, long taken) => left == BudgetAmount.NoLimit ? left : Math.Max(left - taken, 0);

    private static double? Least(double? a, double? b) => a is null ? b : b is null ? a : Math.Min(a.Value, b.Value);
}
