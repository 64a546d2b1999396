using System.Globalization;
using Hybrid.Accounting;
using Hybrid.Targets;

namespace Hybrid.Configuration;

/// <summary>Reads a target's price schedule.</summary>
internal static class ScheduleReader
{
    public static PriceSchedule? Read(SectionReader target)
    {
        if (target.Section(nameof(TargetDescriptor.Schedule)) is not { } section) return null;
        var before = section.Errors.Count;
        var zone = section.TimeZone(nameof(PriceSchedule.TimeZone));
        if (zone is null && section.Errors.Count == before) section.Error(nameof(PriceSchedule.TimeZone), "it is missing; give an IANA name such as Europe/Berlin, or UTC");
        var bands = new List<PriceBand>();
        foreach (var item in section.Sections(nameof(PriceSchedule.Bands)))
        {
            var factor = item.Number(nameof(PriceBand.Factor));
            if (!item.Has(nameof(PriceBand.Factor))) item.Error(nameof(PriceBand.Factor), "it is missing; give what the prices are multiplied by");
            bands.Add(new(Clock(item, nameof(PriceBand.From)), Clock(item, nameof(PriceBand.Until)), factor ?? 1));
            item.RefuseUnknown();
        }

        if (bands.Count == 0) section.Error(nameof(PriceSchedule.Bands), "it is missing; give a list of From, Until and Factor");
        section.RefuseUnknown();
        if (section.Errors.Count > before) return null;
        foreach (var (band, message) in PriceSchedule.Problems(bands)) section.Error($"{nameof(PriceSchedule.Bands)}:{band}", message);
        return section.Errors.Count > before ? null : new(zone!, bands);
    }

    private static TimeSpan Clock(SectionReader band, string key)
    {
        if (band.Text(key) is not { } text)
        {
            band.Error(key, "it is missing; give a time of day such as 22:00");
            return default;
        }

        if (TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)) return time.ToTimeSpan();
        band.Error(key, $"'{text}' is not a time of day; write 00:00 to 23:59");
        return default;
    }
}
