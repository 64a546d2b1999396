"""Renders every template with every case by jinja2 itself, set up as transformers do; writes expected.json."""

import datetime
import json
import pathlib

import jinja2.ext
import jinja2.sandbox

HERE = pathlib.Path(__file__).parent
NOW = datetime.datetime(2026, 11, 21, 4, 5, 6)


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def refuse(message):
    raise jinja2.exceptions.TemplateError(message)


def main():
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[jinja2.ext.loopcontrols])
    environment.filters["tojson"] = tojson
    environment.globals["raise_exception"] = refuse
    environment.globals["strftime_now"] = NOW.strftime
    cases = json.loads((HERE / "cases.json").read_text())
    expected = {}
    for path in sorted((HERE / "Templates").glob("*.jinja")):
        template = environment.from_string(path.read_text())
        results = expected[path.stem] = {}
        for name, case in cases.items():
            try:
                results[name] = template.render(
                    messages=case["messages"], tools=case.get("tools"), documents=None, bos_token="<s>", eos_token="</s>",
                    add_generation_prompt=case.get("add_generation_prompt", True))
            except (jinja2.exceptions.TemplateError, TypeError):
                results[name] = None
    snippets = {}
    for source in json.loads((HERE / "snippets.json").read_text()):
        try:
            snippets[source] = environment.from_string(source).render(
                messages=cases["plain"]["messages"], bos_token="<s>", eos_token="</s>", add_generation_prompt=True, tools=None, documents=None)
        except (jinja2.exceptions.TemplateError, TypeError, ZeroDivisionError):
            snippets[source] = None
    text = json.dumps({"templates": expected, "snippets": snippets}, indent=1, ensure_ascii=False, sort_keys=True)
    (HERE / "expected.json").write_text(text + "\n")


main()
