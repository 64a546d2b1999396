namespace Hybrid.Accounting;

/// <summary>A machine's own meter. Not thread-safe.</summary>
internal interface IJouleCounter
{
    /// <summary>What it is, for logs.</summary>
    string Name { get; }

    /// <summary>Joules since some moment; never falls, not where it cannot tell either.</summary>
    /// <returns>False where it cannot tell now; what was read before is then no longer to be compared with.</returns>
    bool TryRead(out double joules);
}

/// <summary>Opens a meter, or says why there is none.</summary>
internal delegate IJouleCounter? JouleCounterOpener(out string problem);
