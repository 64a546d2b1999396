namespace Hybrid.Benchmarks.Engine.Soaking;

/// <summary>How requests of a soak ended.</summary>
internal sealed class SoakCounts
{
    public int Finished;
    public int Cancelled;
    public int Late;
    public int Unloaded;
    public int Busy;
    public int Refused;
    public int Wrong;
    public int Lost;

    public int All => Finished + Cancelled + Late + Unloaded + Busy + Refused + Wrong + Lost;
}
