#!/usr/bin/env python3
"""Renders chat templates with Hugging Face's own Jinja environment, for the comparison with ours.

  python tests/parity/templates.py OUT.json TEMPLATE.jinja...
  KINORA_TEMPLATES=OUT.json cargo test -p kinora-formats --test templates

Needs PyPI `transformers` (made with 5.24). Templates: `models/templates/` of llama.cpp's sources, or any other.
`crates/formats/tests/fixtures/templates.json` was made from Qwen2.5, Qwen3, Qwen3-Coder, SmolLM3, Granite 3.3 and 4.0,
Phi-3.5 and Mistral Nemo (all Apache-2.0 or MIT).
"""
import datetime, json, sys
from pathlib import Path

import jinja2
from transformers.utils.chat_template_utils import _alias_reasoning_fields, _compile_jinja_template

NOW = datetime.datetime(2024, 2, 28, 23, 59, 59)

WEATHER = {"type": "function", "function": {
    "name": "get_weather", "description": "Weather \u2014 now & \"soon\" <in a city>",
    "parameters": {"type": "object", "properties": {
        "city": {"type": "string", "description": "It's the city", "enum": ["Oslo", "T\u014dky\u014d"]},
        "days": {"type": "integer", "default": 3}, "detail": {"type": "number", "default": 0.5}, "metric": {"type": "boolean", "default": True}},
        "required": ["city"]}}}
CLOCK = {"type": "function", "function": {"name": "get_time", "description": "The time", "parameters": {"type": "object", "properties": {}}}}


def user(text):
    return {"role": "user", "content": text}


def call(name, arguments, id="call00001"):
    return {"type": "function", "id": id, "function": {"name": name, "arguments": arguments}}


OSLO = {"city": "Oslo", "days": 2, "detail": 1.0, "deep": {"a": [1, None, True, "x\n\"y\""]}}
SYSTEM = {"role": "system", "content": "Be kind.\nBe short."}
CALLS = {"role": "assistant", "content": "", "tool_calls": [call("get_weather", OSLO)]}
RESULT = {"role": "tool", "name": "get_weather", "tool_call_id": "call00001", "content": "{\"temp\": -3.5}"}

CONVERSATIONS = {
    "plain": dict(messages=[user("Hi <|im_end|>")]),
    "no_prompt": dict(messages=[user("Hi")], add_generation_prompt=False),
    "system": dict(messages=[SYSTEM, user("  Who are you?  ")]),
    "turns": dict(messages=[SYSTEM, user("a"), {"role": "assistant", "content": "b\n"}, user("c"), {"role": "assistant", "content": " d"}, user("\u00e9\U0001f600")]),
    "ends_with_assistant": dict(messages=[user("a"), {"role": "assistant", "content": "b"}], add_generation_prompt=False),
    "think_off": dict(messages=[user("2 + 2?")], kwargs={"enable_thinking": False}),
    "think_on": dict(messages=[SYSTEM, user("2 + 2?")], kwargs={"enable_thinking": True}),
    "thought": dict(messages=[user("a"), {"role": "assistant", "content": "<think>\nhm\n</think>\n\nb"}, user("c")]),
    "reasoning": dict(messages=[user("a"), {"role": "assistant", "reasoning_content": "hm", "content": "b"}, user("c")]),
    "tools": dict(messages=[user("Weather in Oslo?")], tools=[WEATHER, CLOCK]),
    "system_tools": dict(messages=[SYSTEM, user("Weather in Oslo?")], tools=[WEATHER]),
    "tool_turn": dict(messages=[user("Weather?"), CALLS, RESULT], tools=[WEATHER]),
    "tool_turns": dict(messages=[SYSTEM, user("Weather?"), CALLS, RESULT, {"role": "assistant", "content": "Cold."}, user("Thanks")], tools=[WEATHER, CLOCK]),
    "two_calls": dict(messages=[user("Both?"), {"role": "assistant", "content": "Sure.", "tool_calls": [call("get_weather", {"city": "T\u014dky\u014d"}), call("get_time", {}, "call00002")]},
                                RESULT, {"role": "tool", "name": "get_time", "tool_call_id": "call00002", "content": "12:00"}], tools=[WEATHER, CLOCK]),
    "arguments_as_text": dict(messages=[user("Weather?"), {"role": "assistant", "content": None, "tool_calls": [call("get_weather", "{\"city\": \"Oslo\"}")]}, RESULT], tools=[WEATHER]),
    "parts": dict(messages=[{"role": "user", "content": [{"type": "text", "text": "What is "}, {"type": "image"}, {"type": "text", "text": "this?"}]}]),
    "documents": dict(messages=[user("What do they say?")], kwargs={"documents": [{"title": "One", "text": "First \u201ctext\u201d"}, {"title": "Two", "text": "Second"}]}),
}


def render(source, case):
    template = _compile_jinja_template(source)
    try:
        # render_jinja_template passes `documents` even where there are none
        kwargs = {"documents": None, **case.get("kwargs", {})}
        text = template.render(messages=_alias_reasoning_fields(case["messages"]), tools=case.get("tools"), add_generation_prompt=case.get("add_generation_prompt", True),
                               bos_token="<s>", eos_token="</s>", strftime_now=NOW.strftime, **kwargs)
        return {"want": text}
    except jinja2.TemplateError as e:
        return {"refused": str(e)}
    except Exception as e:  # the template does not know this kind of message
        return {"failed": f"{type(e).__name__}: {e}"}


def main():
    out, paths = sys.argv[1], sys.argv[2:]
    templates = []
    for path in map(Path, paths):
        source = path.read_text()
        templates.append({"name": path.stem, "source": source, "wants": {name: render(source, case) for name, case in CONVERSATIONS.items()}})
    json.dump({"conversations": CONVERSATIONS, "now": int(NOW.replace(tzinfo=datetime.timezone.utc).timestamp()), "templates": templates}, open(out, "w"), ensure_ascii=False, indent=1)
    counts = {k: sum(k in w for t in templates for w in t["wants"].values()) for k in ("want", "refused", "failed")}
    print(f"{len(templates)} templates: {counts}")


main()
