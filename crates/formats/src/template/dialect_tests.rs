//! Dialects of published templates.
use super::*;

#[test]
fn the_committed_templates_tell_what_they_can() {
    let fixture: serde_json::Value = serde_json::from_str(include_str!("../../tests/fixtures/templates.json")).unwrap();
    let traits = |name: &str| {
        let templates = fixture.get("templates").and_then(|t| t.as_array()).unwrap();
        let found = templates.iter().find(|t| t.get("name").unwrap().as_str().unwrap().contains(name)).unwrap();
        ChatTemplate::new(found.get("source").unwrap().as_str().unwrap(), "<s>", "</s>").unwrap().traits()
    };
    let qwen3 = traits("Qwen3");
    assert_eq!(
        (qwen3.dialect, qwen3.thinking, qwen3.tools, qwen3.system),
        (ToolDialect::Hermes, Thinking::Switch, true, true)
    );
    let nemo = traits("Nemo");
    assert_eq!((nemo.dialect, nemo.thinking, nemo.tool_calls), (ToolDialect::Mistral, Thinking::None, true));
    assert_eq!(traits("Qwen2.5").dialect, ToolDialect::Hermes);
    assert_eq!(traits("granite-4.0").dialect, ToolDialect::Hermes);
    let bare = ChatTemplate::new("{% for m in messages %}{{ m.content }}{% endfor %}", "", "").unwrap().traits();
    assert_eq!((bare.tools, bare.tool_calls, bare.system, bare.dialect), (false, false, true, ToolDialect::Hermes));
}
