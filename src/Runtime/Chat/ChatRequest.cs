using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Chat;

/// <summary>A chat call as the rest of the runtime sees it: the question, its profile and the policy that decides.</summary>
internal sealed record ChatRequest(DecodeRequest Decode, RequestProfile Profile, RoutingPolicy Policy);
