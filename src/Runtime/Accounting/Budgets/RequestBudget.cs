using Hybrid.Policy;
using Hybrid.Streaming;
using Hybrid.Targets;

namespace Hybrid.Accounting.Budgets;

/// <summary>The budgets of one request: its own, its tenant's and the app's. Each attempt holds a part of its own; attempts may begin and end side by side.</summary>
internal sealed class RequestBudget
{
    private readonly BudgetLedger? _ledger;
    private readonly TimeProvider _time;
    private readonly string? _tenant;
    private readonly bool _dollars; // whether dollars are limited at all, and grams
    private readonly bool _grams;
    private readonly Lock _lock = new();
    private BudgetAmount _own; // what is left of the request's own budget, what attempts hold not counted
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
    public async ValueTask<Held> TakeAsync(
        TargetSnapshot target, DecodeRequest request, int inputTokens, int outputBound, CancellationToken cancellationToken)
    {
        var context = target.Descriptor.ContextLength;
        var limit = request.MaxTokens ?? Math.Clamp(context - inputTokens, 1, Math.Max(outputBound, 1));
        var most = Most(target, request, inputTokens, Math.Min(limit, context));
        if (most.IsZero) return new(request);

        if (TakeOwn(most) is { } words) return new(request) { Refusal = Refuse(target, words) };
        BudgetReservation? reservation = null;
        if (_ledger is not null)
        {
            try
            {
                (reservation, words) = await _ledger.ReserveAsync(_tenant, most, cancellationToken).ConfigureAwait(false);
            }
            catch (HybridException failure)
            {
                _storage = failure;
                words = failure.Message;
            }
            finally
            {
                if (reservation is null) GiveBack(most);
            }

            if (reservation is null) return new(request) { Refusal = _storage is null ? Refuse(target, words!) : words };
        }

        return new(request.MaxTokens is null ? request with { MaxTokens = limit } : request)
        {
            Most = most,
            Reservation = reservation,
            Reserved = new(Units(most.Dollars), Units(most.Grams), limit) { LimitAdded = request.MaxTokens is null },
        };
    }

    /// <summary>Counts what an attempt took in the place of what was set aside for it; the receipt says both.</summary>
    public Receipt Settle(Held held, Receipt receipt)
    {
        var actual = BudgetAmount.Up(receipt.Dollars, receipt.Grams).Only(_dollars, _grams);
        lock (_lock)
        {
            GiveBack(held.Most);
            _own = new(Less(_own.Dollars, actual.Dollars), Less(_own.Grams, actual.Grams));
        }

        if (held.Reservation is { } reservation) _ledger!.Settle(reservation, actual);
        else if (!actual.IsZero) _ledger?.Spend(_tenant, actual);
        var exceeded = actual.Dollars > held.Most.Dollars || actual.Grams > held.Most.Grams;
        if (exceeded)
        {
            BudgetMeter.Overran(receipt.Target);
            if (_ledger is not null) BudgetLog.Overrun(_ledger.Logger, receipt.Target, receipt.Dollars, receipt.Grams, Units(held.Most.Dollars), Units(held.Most.Grams));
        }

        var reserved = held.Reserved ?? (exceeded ? new(0, 0, 0) : null);
        return reserved is null ? receipt : receipt with { Reserved = reserved with { Exceeded = exceeded } };
    }

    /// <summary>Frees what was set aside for an attempt that was never made.</summary>
    public void Free(Held held)
    {
        GiveBack(held.Most);
        if (held.Reservation is { } reservation) _ledger!.Settle(reservation, default);
    }

    private string? TakeOwn(in BudgetAmount most)
    {
        lock (_lock)
        {
            if (BudgetScope.Words(most, _own, "the request's budget") is { } words) return words;
            _own = new(Less(_own.Dollars, most.Dollars), Less(_own.Grams, most.Grams));
            return null;
        }
    }

    private BudgetAmount Most(in TargetSnapshot target, DecodeRequest request, int inputTokens, int output)
    {
        var input = BudgetBound.InputTokens(request, inputTokens, target.Descriptor.ContextLength);
        TimeSpan? left = request.Deadline is { } deadline ? TimeSpan.FromTicks(Math.Max(0, (deadline - _time.GetUtcNow()).Ticks)) : null;
        return BudgetBound.Of(target, input, output, BudgetBound.Busy(target, input, output, left)).Only(_dollars, _grams);
    }

    private void GiveBack(in BudgetAmount most)
    {
        lock (_lock) _own = new(More(_own.Dollars, most.Dollars), More(_own.Grams, most.Grams));
    }

    private string Refuse(in TargetSnapshot target, string words)
    {
        _refused = true;
        BudgetMeter.Refused(target.Descriptor.Name);
        return words;
    }

    private static double Units(long billionths) => BudgetAmount.Units(billionths) ?? 0;

    private static long Less(long left, long taken) => left == BudgetAmount.NoLimit ? left : Math.Max(left - taken, 0);

    private static long More(long left, long back) => left == BudgetAmount.NoLimit ? left : left + back;

    private static double? Least(double? a, double? b) => a is null ? b : b is null ? a : Math.Min(a.Value, b.Value);

    /// <summary>What one attempt may send, and what is set aside for it.</summary>
    /// <param name="Sent">What may be sent.</param>
    internal sealed record Held(DecodeRequest Sent)
    {
        /// <summary>Why nothing may be sent; null where it may.</summary>
        public string? Refusal { get; init; }

        public BudgetAmount Most { get; init; }

        public BudgetReservation? Reservation { get; init; }

        public ReservedBudget? Reserved { get; init; }
    }
}
