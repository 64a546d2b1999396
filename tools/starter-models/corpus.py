"""The synthetic corpus: an assistant for device operations. Every item is drawn from a seed; answers are functions of the prompt."""
import hashlib
import json
import random

DEVICES = ["pump", "fan", "motor", "valve", "press", "boiler", "mixer", "conveyor", "compressor", "turbine", "heater", "crane"]
QUANTITIES = [  # unit, word, low, high, the two actions when it is over
    ("C", "temperature", 40, 140, "Slow it down, then check the cooling."),
    ("bar", "pressure", 10, 60, "Open the relief valve, then look for a blockage."),
    ("V", "voltage", 20, 480, "Switch it off, then check the supply."),
    ("A", "current", 10, 120, "Reduce the load, then check for a short."),
    ("rpm", "speed", 200, 4000, "Throttle it back, then check the governor."),
    ("mm/s", "vibration", 10, 40, "Stop it, then check the bearings."),
    ("%", "level", 40, 90, "Close the inlet, then drain a little."),
]
PEOPLE = ["Anna", "Ben", "Carla", "David", "Elena", "Farid", "Grace", "Hugo", "Ines", "Jonas"]
PLACES = ["north hall", "south hall", "workshop", "warehouse", "control room", "loading dock", "laboratory", "basement"]
PARTS = ["bearing", "belt", "filter", "seal", "fuse", "gasket", "hose", "relay"]


# Words that answers copy. The tokenizer keeps each as one token, whatever stands before it, so that copying is copying.
NAMES = sorted({w for text in DEVICES + PEOPLE + PLACES + PARTS + [q[1] for q in QUANTITIES] for w in text.split()})


BY_HEART = ("table", "procedure", "small")


def held_out(*key):
    """One item in twelve belongs to the test set, by a hash of what it is about; what is learned by heart has no test set."""
    return key[0] not in BY_HEART and hashlib.sha256(repr(key).encode()).digest()[0] < 21


def device(r):
    return f"{r.choice(DEVICES)}-{r.randint(1, 40)}"


def margins(r, limit):
    """A value that is clearly over or clearly within a limit; the gap of a tenth keeps answers from hanging on a hair."""
    if r.random() < 0.55:
        return limit + r.randint(max(1, limit // 20), max(2, limit * 2 // 5)), True
    return limit - r.randint(max(1, limit // 20), max(2, limit // 2)), False


def triage(r):
    unit, word, low, high, action = r.choice(QUANTITIES)
    dev, limit = device(r), r.randint(low, high)
    if unit in ("rpm", "V"):
        limit = limit // 10 * 10
    value, over = margins(r, limit)
    if unit == "%":
        value = min(value, 100)
    key = ("triage", value, limit, unit)
    ask = r.choice(["What now?", "What should I do?", "What now", "Is that fine?", "Is this a problem?", "Triage it.", "What do I do?", "ok?", "Should I act?", ""])
    if r.random() < 0.12:
        u = unit
        v, l = f"{value}{u}", f"{limit}{u}"
        text = f"telemetry {dev} {word}={v} limit={l} {ask}".strip()
    else:
        u = unit if unit == "%" else " °C" if unit == "C" and r.random() < 0.25 else " " + unit
        v, l = f"{value}{u}", f"{limit}{u}"
        text = r.choice([
            f"{dev} reads {v}, its limit is {l}. {ask}", f"{dev} is at {v}, limit {l}. {ask}", f"{dev}: {word} {v}, limit {l}. {ask}",
            f"The {word} of {dev} is {v} and its limit is {l}. {ask}", f"{dev} shows {v}; the limit is {l}. {ask}",
            f"Limit for {dev} is {l}. It reads {v}. {ask}",
            f"We see {v} on {dev} with a limit of {l}. {ask}", f"triage: {dev} {word} {v} limit {l}"]).strip()
    if over:
        return key, text, f"{dev} reads {v}, over its limit of {l}. {action}"
    return key, text, f"{dev} reads {v}, within its limit of {l}. No action is needed."


EVENTS = {
    "ERROR": ["seal leaking", "motor stalled", "no heartbeat", "overheated", "pressure lost", "belt torn", "fuse blown", "sensor dead"],
    "WARN": ["temperature rising", "slow response", "filter dirty", "low oil", "noise above normal", "battery low"],
    "INFO": ["started", "stopped", "calibrated", "self test passed", "setpoint changed", "door closed"],
}


def digest(r):
    n = r.randint(2, 5)
    minute = r.randint(0, 1300)
    lines, errors, warns, first = [], 0, 0, None
    for _ in range(n):
        minute += r.randint(1, 9)
        level = r.choices(["ERROR", "WARN", "INFO"], [3, 3, 4])[0]
        dev, event = device(r), r.choice(EVENTS[level])
        lines.append(f"{minute // 60:02d}:{minute % 60:02d} {level} {dev} {event}")
        errors += level == "ERROR"
        warns += level == "WARN"
        if level == "ERROR" and first is None:
            first = (dev, event)
    key = ("digest", tuple(lines))
    text = r.choice(["Summarise this log:\n", "Digest:\n", "What happened here?\n", "Give me a digest of this log.\n", "Sum up these lines:\n", "log digest please:\n"]) + "\n".join(lines)
    plural = lambda c, w: f"{c if c else 'no'} {w}{'' if c == 1 else 's'}"
    answer = f"{plural(errors, 'error')} and {plural(warns, 'warning')}.".capitalize()
    answer += f" First error: {first[0]}, {first[1]}." if first else " Nothing failed."
    return key, text, answer


CONVERSIONS = [  # from, to, factor as a shift of the decimal point or a small product
    ("bar", "kPa", lambda x: x * 100, 1, 99), ("kPa", "bar", lambda x: x / 100, 100, 9900), ("cm", "mm", lambda x: x * 10, 1, 999),
    ("mm", "cm", lambda x: x / 10, 10, 9990), ("m", "cm", lambda x: x * 100, 1, 99), ("kg", "g", lambda x: x * 1000, 1, 999),
    ("V", "mV", lambda x: x * 1000, 1, 480), ("A", "mA", lambda x: x * 1000, 1, 99), ("kW", "W", lambda x: x * 1000, 1, 500),
    ("minutes", "seconds", lambda x: x * 60, 1, 30), ("hours", "minutes", lambda x: x * 60, 1, 24),
    ("C", "F", lambda x: x * 9 // 5 + 32, 0, 40), ("mV", "V", lambda x: x / 1000, 1, 480), ("g", "kg", lambda x: x / 1000, 1, 999),
]


def convert(r):
    a, b, f, low, high = r.choice(CONVERSIONS)
    x = r.randint(low, high)
    if a == "C":
        x *= 5
    if a == "kPa":
        x = x // 100 * 100
    if a == "mm":
        x = x // 10 * 10
    if a in ("mV", "g"):
        x *= 1000
    y = round(f(x))
    # These three are tables rather than shifts of the decimal point: all of their values are learned by heart, none is held out.
    key = ("table",) if a in ("C", "minutes", "hours") else ("convert", a, b, x)
    text = r.choice([f"Convert {x} {a} to {b}.", f"convert {x} {a} to {b}", f"What is {x} {a} in {b}?", f"{x} {a} in {b}?", f"How many {b} are {x} {a}?", f"How much is {x} {a} in {b}"])
    return key, text, f"{x} {a} is {y} {b}."


def record(r):
    unit, word, low, high, _ = r.choice(QUANTITIES)
    return device(r), word, r.randint(low, high), unit


def as_json(dev, word, value, unit):
    return json.dumps({"device": dev, "quantity": word, "value": value, "unit": unit})


def as_text(dev, word, value, unit):
    return f"The {word} of {dev} is {value}{'' if unit == '%' else ' '}{unit}."


def to_json(r):
    rec = record(r)
    dev, word, value, unit = rec
    s = r.choice([as_text(*rec), f"{dev} has a {word} of {value} {unit}", f"{word} on {dev}: {value} {unit}", f"{dev} {word} {value} {unit}"])
    text = r.choice([f"Turn this into JSON: {s}", f"As JSON: {s}", f"to json: {s}", f"{s} Give me JSON.", f"Write as JSON: {s}"])
    return ("json", rec), text, as_json(*rec)


def from_json(r):
    rec = record(r)
    text = r.choice(["Say this in words: ", "In plain English: ", "Read this out: ", "What does this say? ", "as text: "]) + as_json(*rec)
    return ("json", rec), text, as_text(*rec)


def edit_json(r):
    dev, word, value, unit = rec = record(r)
    _, _, low, high, _ = next(q for q in QUANTITIES if q[0] == unit)
    if r.random() < 0.5:
        new = r.randint(low, high)
        ask, out = r.choice([f"Set value to {new}", f"Change the value to {new}", f"value should be {new}"]), (dev, word, new, unit)
    else:
        new = device(r)
        ask, out = r.choice([f"Set device to {new}", f"Change the device to {new}", f"device should be {new}"]), (new, word, value, unit)
    return ("edit", rec, new), f"{ask}: {as_json(*rec)}", as_json(*out)


def choice(r):
    person, place, part, dev = r.choice(PEOPLE), r.choice(PLACES), r.choice(PARTS), device(r)
    passage = r.choice([f"{person} replaced the {part} of {dev} in the {place}.", f"In the {place}, {person} replaced the {part} of {dev}.",
                        f"{dev} in the {place} got a new {part} from {person}."])
    passage += r.choice(["", " It runs again.", " The work took an hour.", " Nothing else was wrong."])
    question, right, others = r.choice([
        (r.choice(["Where was the work done?", f"Where is {dev}?"]), f"the {place}", [f"the {w}" for w in PLACES]),
        (r.choice(["Which part was replaced?", f"What did {person} replace?"]), f"the {part}", [f"the {q}" for q in PARTS]),
        (r.choice(["Who did the work?", f"Who worked on {dev}?"]), person, PEOPLE)])
    options = r.sample([o for o in others if o != right], 3) + [right]
    r.shuffle(options)
    text = f"{passage}\n{question} Choose: {', '.join(options[:3])} or {options[3]}."
    return ("choice", passage, question), text, f"It was {right}."


TASKS = {"triage": triage, "digest": digest, "convert": convert, "to_json": to_json, "from_json": from_json, "edit_json": edit_json, "choice": choice}
