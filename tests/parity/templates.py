"""Prompts of jinja2, set up as transformers does, for `crates/formats/tests/templates.rs`.

    python templates.py OUT.json TEMPLATE.jinja...          (needs jinja2)
    KINORA_TEMPLATES=OUT.json cargo test -p kinora-formats --test templates

Each template is rendered with a set of conversations; what the template refuses
is `null`, and must be refused here too.
"""

import json
import os
import sys
from datetime import datetime, timezone

import jinja2
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

NOW = 1_709_164_799


class Generation(Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


def environment():
    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda f: datetime.fromtimestamp(NOW, timezone.utc).strftime(f)
    return env


def cases():
    user = {"role": "user", "content": "What's the weather in Köln?\n"}
    assistant = {"role": "assistant", "content": "It is 12 °C.  "}
    system = {"role": "system", "content": "You are  terse. "}
    more = {"role": "user", "content": "And \"tomorrow\"? <b>'x'</b> & y"}
    weather = {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "Weather of a place — now.",
            "parameters": {
                "type": "object",
                "properties": {
                    "place": {"type": "string", "description": "City, e.g. Köln"},
                    "unit": {"type": "string", "enum": ["c", "f"], "default": "c"},
                    "days": {"type": "integer", "description": "how many", "minimum": 1},
                    "tags": {"type": "array", "items": {"type": "string"}},
                },
                "required": ["place"],
            },
        },
    }
    plain = {"type": "function", "function": {"name": "now", "description": "The time.", "parameters": {"type": "object", "properties": {}}}}
    arguments = {"place": "Köln", "days": 2, "exact": True, "tags": ["a", "b"], "none": None, "ratio": 0.5}
    call = {"id": "call00001", "type": "function", "function": {"name": "get_weather", "arguments": arguments}}
    call2 = {"id": "call00002", "type": "function", "function": {"name": "now", "arguments": {}}}
    calls = {"role": "assistant", "content": "", "tool_calls": [call]}
    text_calls = {"role": "assistant", "content": "", "tool_calls": [{**call, "function": {**call["function"], "arguments": json.dumps(arguments)}}]}
    both = {"role": "assistant", "content": "Let me see.", "tool_calls": [call, call2]}
    none = {"role": "assistant", "content": None, "tool_calls": [call]}
    result = {"role": "tool", "name": "get_weather", "tool_call_id": "call00001", "content": "{\"t\": 12}"}
    result2 = {"role": "tool", "name": "now", "tool_call_id": "call00002", "content": "12:00"}
    thought = {"role": "assistant", "content": "12 °C.", "reasoning_content": "They want it short."}
    inline = {"role": "assistant", "content": "<think>\nshort\n</think>\n\n12 °C."}
    parts = {"role": "user", "content": [{"type": "text", "text": "Look: "}, {"type": "image"}, {"type": "text", "text": "what is it?"}]}
    texts = {"role": "user", "content": [{"type": "text", "text": "One"}, {"type": "text", "text": "two"}]}
    return {
        "plain": ([user], [], True, {}),
        "turns": ([user, assistant, more], [], True, {}),
        "no prompt": ([system, user, assistant], [], False, {}),
        "system": ([system, user], [], True, {}),
        "system turns": ([system, user, assistant, more, assistant], [], False, {}),
        "tools": ([user], [weather, plain], True, {}),
        "system tools": ([system, user], [weather], True, {}),
        "call": ([user, calls, result], [weather], True, {}),
        "text call": ([user, text_calls, result], [weather], True, {}),
        "null content": ([user, none, result, assistant, more], [weather], True, {}),
        "two calls": ([system, user, both, result, result2, assistant, more], [weather, plain], True, {}),
        "call without tools": ([user, calls, result], [], True, {}),
        "think on": ([user], [], True, {"enable_thinking": True}),
        "think off": ([user], [], True, {"enable_thinking": False}),
        "thought": ([user, thought, more], [], True, {}),
        "inline thought": ([user, inline, more], [], True, {}),
        "thought then call": ([user, {**calls, "reasoning_content": "Look it up."}, result], [weather], True, {"enable_thinking": True}),
        "image": ([parts], [], True, {}),
        "text parts": ([system, texts, assistant, more], [], True, {}),
        "documents": ([user], [], True, {"documents": [{"doc_id": 1, "title": "A", "text": "B", "contents": "C"}]}),
        "two users": ([user, more], [], True, {}),
    }


def main():
    out = {"now": NOW, "cases": {}, "templates": []}
    for name, (messages, tools, prompt, kwargs) in cases().items():
        out["cases"][name] = {"messages": messages, "tools": tools, "add_generation_prompt": prompt, "kwargs": kwargs}
    for path in sys.argv[2:]:
        source = open(path).read()
        wanted = {}
        for name, (messages, tools, prompt, kwargs) in cases().items():
            try:
                values = {"documents": None, **json.loads(json.dumps(kwargs))}
                wanted[name] = environment().from_string(source).render(
                    messages=json.loads(json.dumps(messages)), tools=tools or None, add_generation_prompt=prompt,
                    bos_token="<s>", eos_token="</s>", **values,
                )
            except Exception as e:
                # What Python itself trips over (None as a list, say) says nothing about the template
                if type(e) is jinja2.exceptions.TemplateError:
                    wanted[name] = None
                if os.environ.get("VERBOSE"):
                    print(path, name, type(e).__name__, e)
        out["templates"].append({"name": os.path.basename(path), "source": source, "wanted": wanted})
    json.dump(out, open(sys.argv[1], "w"), ensure_ascii=False)


main()
