using Hybrid.Targets;

namespace Hybrid.Chat;

/// <summary>A question as it came over a wire.</summary>
/// <param name="Decode">What is asked; its class, deadline and priority come from <paramref name="Wishes"/>.</param>
/// <param name="Wishes">What the policy is told.</param>
/// <param name="Model">A model or a target that it is pinned to; null: any.</param>
internal sealed record ChatCall(DecodeRequest Decode, HybridProperties Wishes, string? Model);
