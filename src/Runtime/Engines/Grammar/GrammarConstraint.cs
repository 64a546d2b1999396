using System.Runtime.InteropServices;
using Hybrid.Engines.Sampling;

namespace Hybrid.Engines.Grammar;

/// <summary>Keeps an answer to a grammar. A token that ends the answer may come where the grammar may end.</summary>
/// <remarks>
/// A token may end within a character, as those of byte-level vocabularies do, where that character can still become one that may come.
/// </remarks>
internal sealed class GrammarConstraint : ITokenConstraint
{
    private readonly GrammarMachine _machine;
    private readonly TokenTexts _texts;
    private readonly Place[] _path;
    private Place _place;

    public GrammarConstraint(GrammarRules rules, TokenTexts texts)
    {
        (_machine, _texts) = (new(rules), texts);
        _place = new(_machine.Start, default);
        _path = new Place[texts.Longest + 1];
    }

    /// <summary>Goes on behind text that was delivered already.</summary>
    /// <exception cref="HybridException">It does not keep the grammar (<see cref="HybridError.InvalidRequest"/>).</exception>
    public void Follow(string text)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            _place = new(_machine.Step(_machine.Renew(_place.State), rune.Value), default);
            if (_place.State == GrammarMachine.Dead)
                throw new HybridException(HybridError.InvalidRequest, $"The continuation of {text.Length} characters does not keep the format that is asked for. Nothing was decoded; ask anew without it.");
        }
    }

    /// <inheritdoc />
    public bool Allows(int token)
    {
        _place = _place with { State = _machine.Renew(_place.State) };
        return _texts.Ends(token) ? MayEnd : Behind(token) is { } place && MayStand(place);
    }

    /// <inheritdoc />
    /// <exception cref="HybridException">No token may come (<see cref="HybridError.InvalidRequest"/>).</exception>
    public void Mask(Span<float> logits)
    {
        _place = _place with { State = _machine.Renew(_place.State) };
        _path[0] = _place;
        var any = false;
        var known = 0; // how many bytes of the token before could be followed
        for (var i = 0; i < _texts.Sorted.Length; i++)
        {
            var token = _texts.Sorted[i];
            var bytes = _texts.Of(token);
            if (_texts.Shared[i] <= known)
            {
                for (known = _texts.Shared[i]; known < bytes.Length && Step(_path[known], bytes[known], out _path[known + 1]); known++)
                {
                }
            }

            if (known < bytes.Length || !MayStand(_path[known]))
                logits[token] = float.NegativeInfinity;
            else
                any |= logits[token] > float.NegativeInfinity;
        }

        for (var token = 0; token < _texts.Count; token++)
        {
            if (_texts.Ends(token) ? !MayEnd : _texts.Of(token).IsEmpty)
                logits[token] = float.NegativeInfinity;
            else
                any |= _texts.Ends(token) && logits[token] > float.NegativeInfinity;
        }

        if (!any)
            throw new HybridException(HybridError.InvalidRequest, "No token of the model's vocabulary goes on in the format that is asked for. What was delivered stands; allow other characters there, or use another model.");
    }

    /// <inheritdoc />
    public void Accept(int token)
    {
        _place = _place with { State = _machine.Renew(_place.State) };
        if (!_texts.Ends(token))
            _place = Behind(token) ?? new(GrammarMachine.Dead, default);
    }

    private bool MayEnd => _place.Partial.Missing == 0 && _machine.MayEnd(_place.State);

    private Place? Behind(int token)
    {
        var place = _place;
        foreach (var value in _texts.Of(token))
        {
            if (!Step(place, value, out place))
                return null;
        }

        return _texts.Of(token).IsEmpty ? null : place;
    }

    private bool MayStand(in Place place) =>
        place.Partial.Missing == 0 || _machine.MayGoOn(place.State, place.Partial.First, place.Partial.Last);

    private bool Step(in Place place, byte value, out Place next)
    {
        next = place;
        if (!place.Partial.Add(value, out var partial))
            return false;
        next = partial.Missing > 0 ? place with { Partial = partial } : new(_machine.Step(place.State, partial.First), default);
        return next.State != GrammarMachine.Dead;
    }

    /// <summary>A state of the grammar, and the bytes behind it that are no whole character.</summary>
    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Place(int State, PartialCharacter Partial);
}
