using Hybrid.Targets;

namespace Hybrid.Cli.Simulation;

/// <summary>One request of a trace.</summary>
/// <param name="Id">Its place in the trace; the key of its luck.</param>
/// <param name="At">Seconds from the start of the trace.</param>
/// <param name="Tag">What kind of task it is.</param>
/// <param name="PromptTokens">Tokens of the prompt, known to whoever chooses.</param>
/// <param name="OutputTokens">Tokens of the whole answer, known only afterwards; at least 1.</param>
/// <param name="Privacy">Who may see it.</param>
/// <param name="Patience">Seconds after which the answer is worth nothing.</param>
internal sealed record TraceRequest(int Id, double At, string Tag, int PromptTokens, int OutputTokens, PrivacyClass Privacy, double Patience)
{
    public double Deadline => At + Patience;
}
