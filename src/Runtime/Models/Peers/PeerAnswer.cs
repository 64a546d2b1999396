using Hybrid.Models.Pull.Sources;

namespace Hybrid.Models.Peers;

/// <summary>What a peer says when it is asked for a part of a file.</summary>
/// <param name="Body">The part; null: it does not give it now.</param>
/// <param name="IsComing">Whether it is getting that part itself.</param>
internal readonly record struct PeerAnswer(RemoteBody? Body, bool IsComing = false)
{
    /// <summary>The header of a peer that is getting the part itself.</summary>
    public const string ComingHeader = "Hybrid-Coming";
}
