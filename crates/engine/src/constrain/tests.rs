//! Whatever a random model wants to say, what comes out is JSON of the schema.

use serde_json::{Value, json};

use crate::chat::tests::{heat, run, tiny_engine};
use crate::chat::{ChatRequest, FinishReason, Message, ResponseFormat, Usage};
use crate::{Engine, EngineError};

fn answer(
    engine: &Engine,
    schema: Value,
    seed: u64,
    temperature: f32,
) -> Result<(String, FinishReason, Usage), EngineError> {
    run(
        engine,
        ChatRequest {
            messages: vec![Message::user("Storyboard")],
            max_tokens: Some(900),
            sampling: heat(temperature),
            seed,
            format: ResponseFormat::JsonSchema(schema),
            ..Default::default()
        },
    )
}

fn storyboard() -> Value {
    let object = |fields: &[(&str, Value)]| {
        let keys: Vec<&str> = fields.iter().map(|f| f.0).collect();
        let properties: serde_json::Map<_, _> = fields.iter().map(|f| (f.0.to_string(), f.1.clone())).collect();
        json!({ "type": "object", "required": keys, "additionalProperties": false, "properties": properties })
    };
    let shot = object(&[
        ("place", json!({ "enum": ["meadow", "moon", "snow"] })),
        ("count", json!({ "type": "integer", "minimum": 1, "maximum": 12 })),
        ("caption", json!({ "type": "string", "minLength": 2, "maxLength": 12 })),
    ]);
    object(&[
        ("title", json!({ "type": "string", "maxLength": 8 })),
        ("shots", json!({ "type": "array", "minItems": 2, "maxItems": 3, "items": shot })),
    ])
}

#[test]
fn a_random_model_writes_json_of_the_schema_in_the_order_of_its_keys() {
    let engine = tiny_engine(1024);
    for seed in 0..12 {
        let (text, reason, usage) = answer(&engine, storyboard(), seed, if seed == 0 { 0.0 } else { 1.5 }).unwrap();
        assert_eq!(reason, FinishReason::Stop, "{text}");
        assert!(usage.forced_tokens > 20, "{usage:?}");
        let value: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
        assert_eq!(value.to_string(), text, "compact, keys in order");
        let keys = |v: &Value| v.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&value), ["title", "shots"]);
        assert!(value["title"].as_str().unwrap().chars().count() <= 8);
        let shots = value["shots"].as_array().unwrap();
        assert!((2..=3).contains(&shots.len()));
        for shot in shots {
            assert_eq!(keys(shot), ["place", "count", "caption"]);
            assert!(["meadow", "moon", "snow"].contains(&shot["place"].as_str().unwrap()));
            assert!((1..=12).contains(&shot["count"].as_i64().unwrap()));
            assert!((2..=12).contains(&shot["caption"].as_str().unwrap().chars().count()));
        }
    }
}

#[test]
fn a_schema_with_one_value_costs_no_computation() {
    let engine = tiny_engine(256);
    let (text, reason, usage) = answer(&engine, json!({ "const": { "a": ["the", 1, null] } }), 0, 1.0).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), json!({ "a": ["the", 1, null] }));
    assert_eq!(reason, FinishReason::Stop);
    assert!(usage.forced_tokens + 1 >= usage.completion_tokens, "{usage:?}");
}

#[test]
fn an_endless_schema_ends_at_the_length() {
    let engine = tiny_engine(256);
    let schema = json!({ "type": "array", "minItems": 1000, "items": { "const": "ab" } });
    let (text, reason, _) = answer(&engine, schema, 0, 1.0).unwrap();
    assert_eq!(reason, FinishReason::Length);
    assert!(text.starts_with("[\"ab\",\"ab\","), "{text}");
}

#[test]
fn a_schema_that_cannot_be_enforced_is_refused_not_ignored() {
    let engine = tiny_engine(256);
    for schema in [
        json!({ "type": "string", "minLength": 5, "maxLength": 2 }),
        json!({ "type": "no such type" }),
        json!({ "$ref": "https://example.com/schema.json" }),
        json!({ "type": "array", "uniqueItems": true, "items": { "type": "integer" } }),
    ] {
        let error = answer(&engine, schema.clone(), 0, 1.0).unwrap_err();
        assert!(error.code == "invalid_request" && error.message.contains("json_schema"), "{schema}: {error}");
    }
}

#[test]
fn a_schema_built_to_explode_answers_in_time() {
    let engine = tiny_engine(256);
    let mut schema = json!({ "type": "string", "maxLength": 4 });
    for _ in 0..12 {
        schema = json!({ "anyOf": [schema.clone(), { "type": "array", "items": schema }] });
    }
    let start = std::time::Instant::now();
    let _ = answer(&engine, schema, 1, 1.0); // either an answer or an error
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}
