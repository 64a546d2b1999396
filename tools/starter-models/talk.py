"""Small talk, honest refusals, procedures, and whole conversations in ChatML."""
import random

from corpus import BY_HEART, DEVICES, NAMES, TASKS, device, held_out

SMALL = [
    (["hello", "hi", "good morning", "hey there", "hello!"], "Hello. Give me a reading and its limit, a few log lines, or a unit to convert."),
    (["who are you?", "what are you?", "who is this", "what is your name?"], "I am the starter model of Hybrid, a small assistant for device operations."),
    (["what can you do?", "help", "how can you help me?", "what do you know?"], "I can check readings against limits, sum up logs, convert units, turn text into JSON and back, and answer short questions about a text."),
    (["thanks", "thank you!", "great, thanks", "ok thanks"], "You are welcome."),
    (["bye", "goodbye", "see you"], "Goodbye. Keep an eye on your limits."),
    (["tell me a joke", "who is the president?", "what is the capital of France?", "write a poem", "what is the weather?", "how old is the moon?", "tell me about history"],
     "I only know device operations, so I cannot answer that well."),
]

STEPS = {
    "runs hot": ["Read its temperature and note the limit.", "Reduce the load by a third and wait two minutes.", "Check that the cooling is on and that nothing blocks the air.",
                 "Clean the filter if it is dirty.", "Read the temperature again, and stop it if it still rises."],
    "vibrates": ["Slow it down to half of its speed.", "Listen for a grinding noise near the bearings.", "Check that the bolts are tight.",
                 "Look for wear on the coupling.", "Stop it and call maintenance if the vibration stays above its limit."],
    "does not start": ["Check that it has power and that no fuse is blown.", "Look at the last log lines for an error.", "Make sure that the emergency stop is released.",
                       "Reset the controller once.", "Call maintenance if it still does not start."],
    "leaks": ["Stop it and close the inlet.", "Find the place where the fluid comes out.", "Check the seal and the gasket first.",
              "Replace the part that is worn.", "Start it slowly and look again after five minutes."],
    "loses pressure": ["Note the pressure and how fast it falls.", "Close the outlet and see whether it still falls.", "Check the hoses and the relief valve.",
                       "Replace what leaks.", "Bring the pressure back in small steps."],
}


def small(r):
    prompts, answer = r.choice(SMALL)
    text = r.choice(prompts)
    return ("small", text), text, answer


def repeat(r):
    """Copying and nothing else: it teaches early what every other task needs."""
    words = [r.choice([device(r), r.choice(NAMES), str(r.randint(0, 4000))]) for _ in range(r.randint(3, 9))]
    text = ", ".join(words)
    return ("repeat", text), r.choice(["Repeat: ", "repeat after me: ", "Say exactly this: "]) + text, text


def procedure(r):
    fault, name = r.choice(list(STEPS)), r.choice([device(r), "a " + r.choice(DEVICES)])
    text = r.choice([f"How do I check {name} that {fault}?", f"What are the steps when {name} {fault}?", f"{name} {fault}. Give me the steps.",
                     f"Explain what to do when {name} {fault}.", f"{name} {fault}, what should I check?"])
    steps = STEPS[fault]
    return ("procedure", name, fault), text, f"Here is what to do when {name} {fault}.\n" + "\n".join(f"{i}. {s}" for i, s in enumerate(steps, 1))


ALL = {**TASKS, "repeat": repeat, "procedure": procedure, "small": small}
WEIGHTS = {"triage": 28, "digest": 16, "convert": 8, "to_json": 5, "from_json": 5, "edit_json": 8, "choice": 18, "repeat": 6, "procedure": 3, "small": 3}
SYSTEMS = ["You are a helpful assistant for device operations.", "You are a helpful assistant.", "Answer briefly.", "You help an operator of machines. Be short and exact."]


def item(r, name, test=False):
    while True:
        key, text, answer = ALL[name](r)
        if key[0] in BY_HEART and (not test or name != "convert") or held_out(*key) == test:
            if r.random() < 0.12:
                text = text[0].lower() + text[1:]
            return text, answer


def conversation(r):
    """A list of (role, text) turns: usually one question, sometimes a few, sometimes a system message."""
    turns = [("system", r.choice(SYSTEMS))] if r.random() < 0.25 else []
    for _ in range(r.choices([1, 2, 3, 4], [70, 16, 9, 5])[0]):
        name = r.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        text, answer = item(r, name)
        turns += [("user", text), ("assistant", answer)]
    return turns


def chatml(turns, generate=False):
    text = "".join(f"<|im_start|>{role}\n{content}<|im_end|>\n" for role, content in turns)
    return text + ("<|im_start|>assistant\n" if generate else "")
