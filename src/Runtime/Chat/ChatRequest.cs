using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Chat;

/// <summary>A chat call as the rest of the runtime sees it: the question, its profile and the policy that decides.</summary>
/// <param name="Decode">The question.</param>
/// <param name="Profile">Its sizes and limits.</param>
/// <param name="Policy">What decides.</param>
/// <param name="HandoverMarkers">Whether updates tell of seams.</param>
internal sealed record ChatRequest(DecodeRequest Decode, RequestProfile Profile, RoutingPolicy Policy, bool HandoverMarkers = false);
