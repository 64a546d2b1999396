using Hybrid.Targets;

namespace Hybrid.Cli.Simulation;

/// <summary>Requests in the order they arrive, and how long the trace is.</summary>
internal sealed record Trace(string Name, double Seconds, IReadOnlyList<TraceRequest> Requests)
{
    /// <summary>The hour of the day at which a trace starts.</summary>
    public const double StartHour = 6;

    /// <summary>Every kind of trace and how it is made from a length in seconds and a seed.</summary>
    public static IReadOnlyDictionary<string, Func<double, int, Trace>> Kinds { get; } = new Dictionary<string, Func<double, int, Trace>>(StringComparer.Ordinal)
    {
        ["bursty"] = (seconds, seed) => new TraceWriter("bursty", seconds, seed).Bursty(),
        ["chat"] = (seconds, seed) => new TraceWriter("chat", seconds, seed).Chat(),
        ["batch"] = (seconds, seed) => new TraceWriter("batch", seconds, seed).Batch(),
    };

    /// <summary>The hour of the day, 0 to 24.</summary>
    public static double HourOfDay(double at) => (StartHour + (at / 3600)) % 24;

    /// <summary>How busy people are: 1 in the afternoon, little at night.</summary>
    public static double Daytime(double at) => 0.1 + (0.9 * Math.Pow(Math.Max(0, Math.Sin(Math.PI * ((HourOfDay(at) - 5) % 24) / 18)), 1.5));
}

/// <summary>Makes the traces. Sizes are log-normal, arrivals Poisson with a rate that changes.</summary>
internal sealed class TraceWriter(string name, double seconds, int seed)
{
    // How often which privacy class: mixed traffic, and documents of an organisation.
    private static readonly double[] Mixed = [0.45, 0.3, 0.15, 0.1];
    private static readonly double[] Documents = [0.3, 0.45, 0.2, 0.05];
    private const double ChatPatience = 60;
    private const double SummaryPatience = 120;
    private const double ExtractPatience = 300;

    // A prompt that only the device may see has to fit there; apps cut it.
    private const int MostSecretTokens = 4000;

    private readonly DrawSequence _arrivals = new(seed, Draws.Arrivals);
    private readonly DrawSequence _sizes = new(seed, Draws.Requests);
    private readonly List<TraceRequest> _requests = [];

    /// <summary>Calm (a request every 25 s) and bursts (one every 2 s for about 75 s) in turns: a Markov-modulated Poisson process.</summary>
    public Trace Bursty()
    {
        var burst = false;
        var changes = _arrivals.Exponential(600);
        for (var at = 0.0; ;)
        {
            var next = at + _arrivals.Exponential(burst ? 2 : 25);
            if (next > changes)
            {
                at = changes;
                burst = !burst;
                changes += _arrivals.Exponential(burst ? 75 : 600);
                continue;
            }

            at = next;
            if (at > seconds)
                return Written();
            if (_sizes.Uniform() < 0.75)
                Question(at, _sizes.Size(250, 0.9, 20, 4000));
            else
                Add(at, "summary", _sizes.Size(1800, 0.5, 400, 6000), _sizes.Size(200, 0.5, 20, 1000), Privacy(Mixed), SummaryPatience);
        }
    }

    /// <summary>Conversations by day, few at night; each turn carries all turns before it.</summary>
    public Trace Chat()
    {
        foreach (var start in Arrivals(at => Daytime(at) * 0.018))
        {
            var privacy = Privacy(Mixed);
            var (at, history) = (start, 120);
            do
            {
                var question = _sizes.Size(40, 0.8, 5, 800);
                var answer = _sizes.Size(140, 0.6, 10, 800);
                Add(at, "chat", Math.Min(history + question, 3800), answer, privacy, ChatPatience);
                history += question + answer;
                at += 5 + _arrivals.Exponential(35);
            }
            while (_sizes.Uniform() < 0.8);
        }

        return Written();
    }

    /// <summary>Heaps of long documents that can wait minutes, over a thin stream of questions.</summary>
    public Trace Batch()
    {
        foreach (var at in Arrivals(_ => 0.012))
            Question(at, _sizes.Size(250, 0.9, 20, 4000));
        foreach (var start in Arrivals(at => Daytime(at) / 1800))
        {
            var documents = _sizes.Size(25, 0.5, 8, 80);
            var at = start;
            for (var i = 0; i < documents; i++)
            {
                Add(at, "extract", _sizes.Size(3200, 0.5, 800, 12000), _sizes.Size(120, 0.5, 16, 600), Privacy(Documents), ExtractPatience);
                at += _arrivals.Exponential(3);
            }
        }

        return Written();
    }

    private static double Daytime(double at) => Trace.Daytime(at);

    private void Question(double at, int prompt) => Add(at, "chat", prompt, _sizes.Size(140, 0.6, 10, 800), Privacy(Mixed), ChatPatience);

    private PrivacyClass Privacy(double[] weights) => (PrivacyClass)_sizes.Pick(weights);

    /// <summary>Poisson arrivals at a rate per second that is at most 0.025: candidates at that rate, thinned.</summary>
    private IEnumerable<double> Arrivals(Func<double, double> rate)
    {
        const double most = 0.025;
        for (var at = _arrivals.Exponential(1 / most); at <= seconds; at += _arrivals.Exponential(1 / most))
        {
            if (_arrivals.Uniform() * most < rate(at))
                yield return at;
        }
    }

    private void Add(double at, string tag, int prompt, int output, PrivacyClass privacy, double patience)
    {
        if (at <= seconds)
            _requests.Add(new(0, at, tag, privacy == PrivacyClass.Secret ? Math.Min(prompt, MostSecretTokens) : prompt, output, privacy, patience));
    }

    private Trace Written() => new(name, seconds, [.. _requests.OrderBy(request => request.At).Select((request, i) => request with { Id = i })]);
}
