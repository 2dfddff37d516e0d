//! Published chat templates against Hugging Face's rendering: `tests/parity/templates.py` says how the expectations were
//! made, and how to compare more of them through `KINORA_TEMPLATES`.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use kinora_formats::{ChatTemplate, RenderInput};
use serde_json::{Map, Value};

#[derive(serde::Deserialize)]
struct Fixture {
    conversations: BTreeMap<String, Conversation>,
    now: i64,
    templates: Vec<Template>,
}

#[derive(serde::Deserialize)]
struct Conversation {
    messages: Vec<Value>,
    #[serde(default)]
    tools: Vec<Value>,
    #[serde(default = "yes")]
    add_generation_prompt: bool,
    #[serde(default)]
    kwargs: Map<String, Value>,
}

fn yes() -> bool {
    true
}

#[derive(serde::Deserialize)]
struct Template {
    name: String,
    source: String,
    wants: BTreeMap<String, Answer>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    #[serde(rename = "want")]
    Text(String),
    /// By `raise_exception`.
    Refused(String),
    /// Python could not run it for this conversation.
    Failed(#[allow(dead_code, reason = "for readers of the file")] String),
}

/// `safe` in Jinja2 makes a string that escapes what is added to it, in this template by accident: its tools come out as
/// HTML. Ours, as llama.cpp's, leaves text alone.
const OTHERWISE: &str = "meetkai-functionary-medium-v3.1";

#[test]
fn published_templates_render_as_the_reference_does() {
    let text = match std::env::var("KINORA_TEMPLATES") {
        Ok(path) => std::fs::read_to_string(path).unwrap(),
        Err(_) => include_str!("fixtures/templates.json").to_owned(),
    };
    let fixture: Fixture = serde_json::from_str(&text).unwrap();
    let mut wrong = Vec::new();
    let mut compared = 0;
    for template in fixture.templates.iter().filter(|t| t.name != OTHERWISE) {
        let name = &template.name;
        let ours = match ChatTemplate::new(&template.source, "<s>", "</s>") {
            Ok(ours) => ours.with_now(fixture.now),
            Err(e) => {
                wrong.push(format!("{name}: {e}"));
                continue;
            }
        };
        for (conversation, want) in &template.wants {
            let c = fixture.conversations.get(conversation).unwrap();
            let got = ours.render(&RenderInput {
                messages: c.messages.clone(),
                tools: c.tools.clone(),
                add_generation_prompt: c.add_generation_prompt,
                kwargs: c.kwargs.clone(),
            });
            compared += 1;
            match (got, want) {
                (Ok(got), Answer::Text(want)) if got == *want => {}
                (Ok(got), Answer::Text(want)) => {
                    let same = got.bytes().zip(want.bytes()).take_while(|(a, b)| a == b).count();
                    let show =
                        |s: &str| s.bytes().skip(same.saturating_sub(30)).take(90).map(char::from).collect::<String>();
                    wrong.push(format!("{name}/{conversation}: {:?}, wanted {:?}", show(&got), show(want)));
                }
                (Err(e), Answer::Text(_)) => wrong.push(format!("{name}/{conversation}: {e}")),
                (Ok(_), Answer::Refused(why)) => {
                    wrong.push(format!("{name}/{conversation}: not refused, wanted {why:?}"))
                }
                (Err(_), Answer::Refused(_)) | (_, Answer::Failed(_)) => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {compared} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared >= 100, "only {compared} compared");
}

/// A template's variable for tools, its calls, and whether it knows thoughts, a switch for them, system messages.
type Features = (Option<&'static str>, String, bool, bool, bool);

#[test]
fn features_are_found_by_rendering() {
    let fixture: Fixture = serde_json::from_str(include_str!("fixtures/templates.json")).unwrap();
    let hermes = "<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call>\
                  \n<tool_call>\n{\"name\": \"g\", \"arguments\": {}}\n</tool_call>";
    let list = |begin: &str, id: [&str; 2]| {
        let [a, b] = id;
        format!("{begin}[{{\"name\": \"f\", \"arguments\": {{}}{a}}}, {{\"name\": \"g\", \"arguments\": {{}}{b}}}]")
    };
    let ids = [", \"id\": \"call00001\"", ", \"id\": \"call00002\""];
    let wanted: Vec<(&str, Features)> = vec![
        ("Qwen-Qwen2.5-7B-Instruct", (Some("tools"), hermes.into(), false, false, true)),
        ("Qwen-Qwen3-0.6B", (Some("tools"), hermes.into(), true, true, true)),
        ("Qwen3-Coder", (Some("tools"), hermes.into(), false, false, true)),
        ("HuggingFaceTB-SmolLM3-3B", (None, hermes.into(), true, true, true)),
        ("ibm-granite-granite-3.3-2B-Instruct", (Some("tools"), list("<|tool_call|>", ["", ""]), true, false, true)),
        ("ibm-granite-granite-4.0", (Some("tools"), hermes.into(), false, false, true)),
        ("microsoft-Phi-3.5-mini-instruct", (None, hermes.into(), false, false, true)),
        ("mistralai-Mistral-Nemo-Instruct-2407", (Some("tools"), list("[TOOL_CALLS]", ids), false, false, true)),
    ];
    for (name, wanted) in wanted {
        let template = fixture.templates.iter().find(|t| t.name == name).unwrap();
        let f = ChatTemplate::new(&template.source, "<s>", "</s>").unwrap().features();
        let c = &f.calls;
        let calls = [
            &c.begin,
            &c.write("f", "{}", "call00001"),
            c.between.as_ref().unwrap(),
            &c.write("g", "{}", "call00002"),
            &c.end,
        ];
        let calls: String = calls.into_iter().map(String::as_str).collect();
        assert_eq!((f.tools, calls, f.thinking, f.thinking_switch, f.system), wanted, "{name}");
    }
}

#[test]
fn every_dialect_is_taken_apart() {
    let calls = |body: &str| {
        format!(
            "{{% for m in messages %}}<{{{{ m.role }}}}>{{% if m.tool_calls %}}{body}{{% else %}}{{{{ m.content }}}}{{% endif %}}</s>{{% endfor %}}"
        )
    };
    let each = |call: &str| calls(&format!("{{% for c in m.tool_calls %}}{call}{{% endfor %}}"));
    let f = "c.function";
    let cases = [
        // Llama 3.x
        (
            calls(
                "{% if m.tool_calls|length != 1 %}{{ raise_exception('one') }}{% endif %}{% set c = m.tool_calls[0].function %}\
                 {{ '{\"name\": \"' + c.name + '\", \"parameters\": ' }}{{ c.arguments | tojson }}}",
            ),
            ("", "{\"name\": \"f\", \"parameters\": {}}", None, ""),
        ),
        // Functionary
        (
            each(&format!("<function={{{{ {f}.name }}}}>{{{{ {f}.arguments|tojson }}}}</function>")),
            ("", "<function=f>{}</function>", Some(""), ""),
        ),
        // DeepSeek; its arguments are text, which an object cannot be added to
        (
            calls(
                "<calls>{% for c in m.tool_calls %}<call>{{ c.function.name + '\n' + c.function.arguments }}</call>{% endfor %}</calls>",
            ),
            ("<calls>", "<call>f\n{}</call>", Some(""), "</calls>"),
        ),
        // Kimi: numbered, so only one call can be written
        (
            each(&format!("<call>{{{{ {f}.name }}}}:{{{{ loop.index0 }}}}<arguments>{{{{ {f}.arguments|tojson }}}}")),
            ("", "<call>f:0<arguments>{}", None, ""),
        ),
        // Nothing known: Hermes
        (
            "{{ messages[0].content }}".into(),
            ("", "<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call>", Some("\n"), ""),
        ),
    ];
    for (source, (begin, call, between, end)) in cases {
        let f = ChatTemplate::new(&source, "<s>", "</s>").unwrap().features();
        assert_eq!(f.calls.begin, begin, "{source}");
        assert_eq!(f.calls.write("f", "{}", ""), call, "{source}");
        assert_eq!(f.calls.between.as_deref(), between, "{source}");
        assert_eq!(f.calls.end, end, "{source}");
        assert_eq!(f.arguments_as_text, source.contains("+ c.function.arguments"), "{source}");
    }
    let xml = ChatTemplate::new("{{ xml_tools | tojson }}{{ messages[0].content }}", "", "").unwrap().features();
    assert_eq!((xml.tools, xml.calls_known, xml.prints_calls), (Some("xml_tools"), false, false));
    let printed =
        ChatTemplate::new(&each("<call>{{ c.function.name }}{{ c.function.arguments|tojson }}"), "", "").unwrap();
    assert!(printed.features().prints_calls);
    // LFM2 tells the model its tools and leaves the calls to it
    let source = "List of tools: {{ tools | tojson }}{% for m in messages %}{{ m.content }}{% endfor %}";
    let lfm2 = ChatTemplate::new(source, "<s>", "</s>").unwrap().features();
    assert_eq!((lfm2.tools, lfm2.calls_known, lfm2.prints_calls), (Some("tools"), true, false));
    assert_eq!(lfm2.calls.write("f", "a=1", ""), "f(a=1)");
}
