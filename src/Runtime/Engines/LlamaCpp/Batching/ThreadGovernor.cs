using System.Numerics;

namespace Hybrid.Engines.LlamaCpp.Batching;

/// <summary>Says how many threads a step should use: fewer while other processes want the cores.</summary>
/// <remarks>
/// ggml's threads wait for each other in spinning loops. Where one of them loses its core to another process, a step takes ten
/// or a hundred times as long, while fewer threads lose next to nothing. So steps that take far too long halve the threads, and
/// after a while all are tried again.
/// </remarks>
internal sealed class ThreadGovernor
{
    private const double Suspicious = 2.5;
    private const int Strikes = 2;
    private const double Drift = 0.02;
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(4);
    private readonly int _all;
    private readonly TimeProvider _time;

    // Seconds of a step with all threads and no disturbance, by the power of two that its size belongs to.
    private readonly double[] _usual = new double[32];
    private int _strikes;
    private bool _trying;
    private double _reducedSeconds;
    private int _reducedSize;
    private TimeSpan _retryAfter = FirstRetry;
    private long _reducedAt;

    public ThreadGovernor(int threads, TimeProvider time) => (_all, Threads, _time) = (threads, threads, time);

    /// <summary>Threads for the next step.</summary>
    public int Threads { get; private set; }

    /// <summary>Takes in how long a step of so many tokens took; of those that generate, for a prompt's steps grow with what came before.</summary>
    public void Observe(int tokens, double seconds)
    {
        var size = BitOperations.Log2((uint)tokens);
        if (_trying)
        {
            Judge(size, seconds);
            return;
        }

        // With half the threads, twice the time is nothing to wonder about.
        var disturbed = _usual[size] > 0 && seconds * Threads > Suspicious * _usual[size] * _all;
        _strikes = disturbed ? _strikes + 1 : 0;
        if (Threads == _all && !disturbed)
            _usual[size] = _usual[size] == 0 || seconds < _usual[size] ? seconds : _usual[size] + (Drift * (seconds - _usual[size]));
        if (_strikes >= Strikes && Threads > 1)
            Reduce(Threads / 2);
        else if (Threads < _all)
            Rest(size, seconds);
    }

    private void Rest(int size, double seconds)
    {
        (_reducedSize, _reducedSeconds) = (size, seconds);
        if (_time.GetElapsedTime(_reducedAt) > _retryAfter)
            (Threads, _trying) = (_all, true);
    }

    /// <summary>All threads were tried for a step: they stay where they were faster than the few, whatever was usual before.</summary>
    private void Judge(int size, double seconds)
    {
        _trying = false;
        if (size == _reducedSize && seconds < _reducedSeconds)
        {
            (_retryAfter, _usual[size]) = (FirstRetry, seconds);
            return;
        }

        _retryAfter = _retryAfter * 2 < LastRetry ? _retryAfter * 2 : LastRetry;
        Reduce(Math.Max(1, _all / 2));
    }

    private void Reduce(int to) => (Threads, _strikes, _reducedAt) = (to, 0, _time.GetTimestamp());
}
