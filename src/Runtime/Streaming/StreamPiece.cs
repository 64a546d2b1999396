using Hybrid.Accounting;

namespace Hybrid.Streaming;

/// <summary>Text that leaves once.</summary>
/// <param name="Text">New text; empty only on the last piece.</param>
/// <param name="TokenCount">Tokens decoded for it.</param>
/// <param name="Target">Who decoded it.</param>
/// <param name="Model">The model that decoded it.</param>
/// <param name="Receipt">Set on the last piece only.</param>
internal readonly record struct StreamPiece(string Text, int TokenCount, string Target, string Model, RequestReceipt? Receipt = null);
