//! Prompts against jinja2's: `tests/parity/templates.py` made the expectations. `KINORA_TEMPLATES` names a larger file.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use std::collections::BTreeMap;

use kinora_formats::{ChatTemplate, RenderInput};

#[derive(serde::Deserialize)]
struct Fixture {
    now: i64,
    cases: BTreeMap<String, Case>,
    templates: Vec<Template>,
}

#[derive(serde::Deserialize)]
struct Case {
    messages: Vec<serde_json::Value>,
    tools: Vec<serde_json::Value>,
    add_generation_prompt: bool,
    kwargs: serde_json::Map<String, serde_json::Value>,
}

#[derive(serde::Deserialize)]
struct Template {
    name: String,
    source: String,
    /// The prompt of each case; none where the template refuses.
    wanted: BTreeMap<String, Option<String>>,
}

#[test]
fn prompts_equal_those_of_the_reference() {
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/templates.json");
    let path = std::env::var("KINORA_TEMPLATES").unwrap_or_else(|_| committed.into());
    let fixture: Fixture = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let (mut wrong, mut total) = (Vec::new(), 0);
    for t in &fixture.templates {
        let template = match ChatTemplate::new(&t.source, "<s>", "</s>") {
            Ok(template) => template.with_now(fixture.now),
            Err(e) => {
                wrong.push(format!("{}: {e}", t.name));
                continue;
            }
        };
        for (name, case) in &fixture.cases {
            let Some(wanted) = t.wanted.get(name) else { continue };
            let input = RenderInput {
                messages: case.messages.clone(),
                tools: case.tools.clone(),
                add_generation_prompt: case.add_generation_prompt,
                kwargs: case.kwargs.clone(),
            };
            total += 1;
            let got = template.render(&input);
            match (&got, wanted) {
                (Ok(got), Some(wanted)) if got != wanted => {
                    let at = got.bytes().zip(wanted.bytes()).take_while(|(a, b)| a == b).count();
                    let near = |s: &str| {
                        let bytes = s.as_bytes();
                        String::from_utf8_lossy(&bytes[at.saturating_sub(30)..(at + 60).min(bytes.len())]).into_owned()
                    };
                    wrong.push(format!("{} / {name} at {at}: {:?}, wanted {:?}", t.name, near(got), near(wanted)));
                }
                (Err(e), Some(_)) => wrong.push(format!("{} / {name}: {e}", t.name)),
                (Ok(_), None) => wrong.push(format!("{} / {name}: rendered what jinja2 refuses", t.name)),
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {total} differ:\n{}", wrong.len(), wrong.join("\n"));
}
