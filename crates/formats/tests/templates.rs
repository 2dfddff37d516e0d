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
