namespace Hybrid.Accounting.Predictors;

/// <summary>Seconds to the first token as a line over the tokens to prefill; starts from what is stated and follows what is seen.</summary>
/// <remarks>
/// Recursive least squares with exponential forgetting, in information form. What is forgotten is replaced by the stated line, so that
/// prompts of one length alone cannot wind up the other direction (Kulhavý and Zarrop 1993, doi 10.1080/00207179308923041).
/// Errors are relative: each observation is weighed by one over the predicted time squared. Neither the intercept nor the
/// slope is ever negative.
/// </remarks>
internal sealed class FirstTokenLine
{
    private const double Kept = 0.97; // the last thirty or so count
    private const double KeptAfterChange = 0.5;
    private const double Noise = 0.04; // variance of the relative error: the stated line is worth a small part of one observation
    private const double PrefillWeight = 0.1; // enough to tell slope from intercept where prompts are all as long, too little to bend the line
    private const double UnitTokens = 64;
    private const double LeastSlope = 1e-3;
    private const double FarOff = 4;
    private const double LeastScale = 0.01;

    private readonly Forgetting _forgetting;
    private readonly OutlierGuard _guard = new();
    private readonly double _interceptUnit; // seconds
    private readonly double _slopeUnit; // seconds per token
    private readonly double _statedIntercept;
    private double _intercept; // in units, as is the slope, which is stated as 1
    private double _slope = 1;
    private double _ii = 1; // information: intercept, both, slope
    private double _is;
    private double _ss = 1;
    private long _at;

    /// <param name="intercept">Stated seconds for a prompt of nothing, 0 or more.</param>
    /// <param name="slope">Stated seconds per token, above 0.</param>
    /// <param name="forgetting">The clock.</param>
    public FirstTokenLine(double intercept, double slope, Forgetting forgetting)
    {
        _forgetting = forgetting;
        _slopeUnit = slope;
        _interceptUnit = intercept + (UnitTokens * slope);
        _statedIntercept = _intercept = intercept / _interceptUnit;
        _at = forgetting.Now;
    }

    /// <summary>Seconds for a prompt of nothing and seconds per token, drifted back for as long as nothing was seen.</summary>
    public (double Intercept, double Slope) Now
    {
        get
        {
            var kept = _forgetting.KeptSince(_at);
            return ((_statedIntercept + ((_intercept - _statedIntercept) * kept)) * _interceptUnit, (1 + ((_slope - 1) * kept)) * _slopeUnit);
        }
    }

    /// <param name="tokens">Tokens that were prefilled, 0 or more.</param>
    /// <param name="seconds">Seconds to the first token without queue and cold start.</param>
    /// <param name="prefillSeconds">How many of those the target says were prefill; null where it does not say.</param>
    public void Learn(int tokens, double seconds, double? prefillSeconds)
    {
        var predicted = (_intercept * _interceptUnit) + (_slope * _slopeUnit * tokens);
        // A prediction far too short must not count for more than all that come after it.
        var scale = Math.Max(Math.Max(predicted, seconds / FarOff), _interceptUnit * LeastScale);
        var error = (seconds - predicted) / scale;
        var weight = _guard.Weigh(error) / Noise;
        Forget(_forgetting.KeptSince(_at) * (_guard.HasChanged ? KeptAfterChange : Kept));
        var slopeInput = tokens * _slopeUnit / scale;
        Add(_interceptUnit / scale, slopeInput, error, weight);
        if (prefillSeconds is { } prefill)
        {
            var prefillError = (prefill / scale) - (_slope * slopeInput);
            Add(0, slopeInput, prefillError, PrefillWeight / Noise / Math.Max(1, Math.Abs(prefillError)));
        }

        Bound();
        _at = _forgetting.Now;
    }

    private void Forget(double kept)
    {
        var stated = 1 - kept;
        (_ii, _is, _ss) = ((kept * _ii) + stated, kept * _is, (kept * _ss) + stated);
        Move(stated * (_statedIntercept - _intercept), stated * (1 - _slope));
    }

    private void Add(double interceptInput, double slopeInput, double error, double weight)
    {
        _ii += weight * interceptInput * interceptInput;
        _is += weight * interceptInput * slopeInput;
        _ss += weight * slopeInput * slopeInput;
        Move(weight * error * interceptInput, weight * error * slopeInput);
    }

    /// <summary>The Newton step: the inverse of the information times a gradient.</summary>
    private void Move(double intercept, double slope)
    {
        var determinant = (_ii * _ss) - (_is * _is);
        _intercept += ((_ss * intercept) - (_is * slope)) / determinant;
        _slope += ((_ii * slope) - (_is * intercept)) / determinant;
    }

    /// <summary>Where a figure left its range, the best line with that figure at its edge.</summary>
    private void Bound()
    {
        if (_intercept < 0)
            (_intercept, _slope) = (0, _slope + (_is * _intercept / _ss));
        if (_slope < LeastSlope)
            (_intercept, _slope) = (Math.Max(0, _intercept + (_is * (_slope - LeastSlope) / _ii)), LeastSlope);
    }
}
