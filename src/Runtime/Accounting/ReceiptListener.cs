namespace Hybrid.Accounting;

/// <summary>Who is told of each request of the registered client, as <see cref="HybridChatClientOptions.OnReceipt"/> says.</summary>
internal sealed record ReceiptListener(Action<RequestReceipt> Take);
