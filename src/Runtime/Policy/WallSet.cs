namespace Hybrid.Policy;

/// <summary>The walls that a target hit.</summary>
internal readonly record struct WallSet(int Bits)
{
    public bool IsEmpty => Bits == 0;

    public bool Has(Wall wall) => (Bits & (1 << (int)wall)) != 0;

    /// <summary>Whether it hit no wall but these.</summary>
    public bool IsWithin(WallSet walls) => (Bits & ~walls.Bits) == 0;

    public WallSet With(Wall wall, bool hit) => hit ? new(Bits | (1 << (int)wall)) : this;
}
