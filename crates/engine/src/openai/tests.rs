use serde_json::{Value, json};

use super::fields::Table;
use super::{Event, Exchange, Request, Service, chat, completions, embeddings, responses};
use crate::chat::tests::{tiny_adapter, tiny_engine};

fn service() -> Service {
    Service::new(tiny_engine(128), || 1_700_000_000_123)
}

/// Status, headers and pieces of an answer.
fn ask(service: &Service, method: &str, path: &str, body: &Value) -> (u16, Vec<(String, String)>, Vec<String>) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let request = Request { method: method.into(), path: format!("/v1/{path}"), body, ..Default::default() };
    let mut exchange = service.open(request);
    let (mut head, mut pieces) = (None, Vec::new());
    while let Some(event) = pollster::block_on(exchange.next()) {
        match event {
            Event::Working => assert!(pieces.is_empty()),
            Event::Head { status, headers } => assert!(head.replace((status, headers)).is_none(), "one head"),
            Event::Body { text } => {
                assert!(head.is_some(), "the head comes first");
                pieces.push(text);
            }
        }
    }
    let (status, headers) = head.unwrap();
    (status, headers, pieces)
}

fn post(path: &str, body: Value) -> (u16, Value) {
    let (status, _, pieces) = ask(&service(), "POST", path, &body);
    (status, serde_json::from_str(&pieces.concat()).unwrap())
}

/// The events of a streamed answer, without the last, which says that it is over.
fn events(path: &str, body: Value) -> Vec<Value> {
    let (status, headers, pieces) = ask(&service(), "POST", path, &body);
    assert_eq!(status, 200, "{pieces:?}");
    assert!(headers.iter().any(|(_, v)| v.starts_with("text/event-stream")));
    let text = pieces.concat();
    let mut data: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    assert_eq!(data.pop(), Some("[DONE]"));
    data.iter().map(|d| serde_json::from_str(d).unwrap()).collect()
}

/// The least that each endpoint takes.
fn endpoints() -> [(&'static str, &'static Table, Value); 4] {
    [
        (
            "chat/completions",
            &chat::TABLE,
            json!({ "messages": [{ "role": "user", "content": "ab" }], "max_tokens": 2 }),
        ),
        ("completions", &completions::TABLE, json!({ "prompt": "ab", "max_tokens": 2 })),
        ("responses", &responses::TABLE, json!({ "input": "ab", "max_output_tokens": 2 })),
        ("embeddings", &embeddings::TABLE, json!({ "input": "ab" })),
    ]
}

#[test]
fn every_field_of_every_table_is_read_or_refused_by_its_name() {
    for (path, table, body) in endpoints() {
        let with = |name: &str, value: Value| {
            let mut body = body.clone();
            body[name] = value;
            post(path, body)
        };
        for (name, _) in table.refused {
            let (status, answer) = with(name, json!(true));
            assert_eq!((status, answer["error"]["param"].as_str()), (400, Some(*name)), "{path}: {answer}");
            assert_eq!(answer["error"]["code"], "unsupported_parameter");
        }
        for name in table.honoured {
            // No field takes this object, so a field that takes it is one that nobody reads
            let (status, answer) = with(name, json!({ "zzz": [{}] }));
            let param = answer["error"]["param"].as_str().unwrap_or_default();
            assert_eq!(status, 400, "{path}: {name} is in the table, and nobody reads it: {answer}");
            assert!(param.starts_with(name), "{path}: {name} was refused as {param}");
        }
        let (status, answer) = with("zzz", json!(1));
        assert_eq!((status, answer["error"]["param"].as_str()), (400, Some("zzz")), "{path}");
        let mut nulls = body.clone();
        for name in table.honoured.iter().chain(table.refused.iter().map(|(name, _)| name)).chain(table.ignored) {
            if nulls.get(name).is_none() {
                nulls[name] = Value::Null;
            }
        }
        let (status, answer) = post(path, nulls);
        let (plain, _) = post(path, body.clone());
        assert_eq!(status, plain, "null is absent, {path}: {answer}");
    }
}

#[test]
fn what_does_nothing_here_is_listed_in_a_header() {
    let body =
        json!({ "messages": [{ "role": "user", "content": "ab" }], "max_tokens": 1, "user": "me", "store": true });
    let (status, headers, _) = ask(&service(), "POST", "chat/completions", &body);
    assert_eq!(status, 200);
    assert!(headers.contains(&("x-kinora-ignored".into(), "user, store".into())), "{headers:?}");
}

#[test]
fn values_out_of_range_and_bodies_that_are_none_are_refused() {
    let base = json!({ "messages": [{ "role": "user", "content": "ab" }], "max_tokens": 1 });
    let cases = [
        ("temperature", json!(2.1), "temperature"),
        ("temperature", json!("hot"), "temperature"),
        ("n", json!(9), "n"),
        ("n", json!(0), "n"),
        ("max_tokens", json!(-1), "max_tokens"),
        ("top_logprobs", json!(2), "top_logprobs"),
        ("stream_options", json!({ "include_usage": true }), "stream_options"),
        ("tool_choice", json!("required"), "tool_choice"),
        ("tools", json!([{ "type": "custom" }]), "tools[0].type"),
        ("tools", json!([{ "type": "function", "function": { "name": "a b" } }]), "tools[0].function.name"),
        ("response_format", json!({ "type": "xml" }), "response_format.type"),
        ("response_format", json!({ "type": "json_schema" }), "response_format.json_schema"),
        ("messages", json!([]), "messages"),
        ("messages", json!([{ "role": "function", "content": "" }]), "messages[0].role"),
        ("messages", json!([{ "role": "user" }]), "messages[0].content"),
        ("messages", json!([{ "role": "tool", "content": "" }]), "messages[0].tool_call_id"),
        ("messages", json!([{ "role": "user", "content": [{ "type": "image_url" }] }]), "messages[0].content[0]"),
        ("messages", json!([{ "role": "user", "content": "", "zzz": 1 }]), "messages[0].zzz"),
        ("kinora", json!({ "min_p": 2 }), "kinora.min_p"),
        ("kinora", json!({ "regex": "a", "choice": ["b"] }), "kinora"),
        ("kinora", json!({ "dry": { "base": 2 } }), "kinora.dry.multiplier"),
        ("logit_bias", json!({ "1": 101 }), "logit_bias"),
        ("modalities", json!(["audio"]), "modalities"),
    ];
    for (name, value, param) in cases {
        let mut body = base.clone();
        body[name] = value.clone();
        let (status, answer) = post("chat/completions", body);
        assert_eq!((status, answer["error"]["param"].as_str()), (400, Some(param)), "{name}: {value}: {answer}");
        assert!(answer["error"]["message"].as_str().is_some_and(|m| m.len() > 10));
    }
    for body in ["", "{", "[]", "1", "\"x\""] {
        let request =
            Request { method: "POST".into(), path: "/v1/responses".into(), body: body.into(), ..Default::default() };
        let first = pollster::block_on(service().open(request).next());
        assert!(matches!(first, Some(Event::Head { status: 400, .. })), "{body:?}: {first:?}");
    }
}

#[test]
fn a_model_that_is_not_loaded_is_answered_with_those_that_are() {
    let (status, answer) = post("responses", json!({ "input": "a", "model": "gpt-9" }));
    let error = &answer["error"];
    assert_eq!(
        (status, error["code"].as_str(), error["param"].as_str()),
        (404, Some("model_not_found"), Some("model"))
    );
    assert!(error["message"].as_str().unwrap().contains("kinora-text"));
    let (_, _, list) = ask(&service(), "GET", "models", &Value::Null);
    let list: Value = serde_json::from_str(&list.concat()).unwrap();
    assert_eq!((&list["data"][0]["id"], &list["object"]), (&json!("kinora-text"), &json!("list")));
    assert!(list["data"][0]["kinora"]["context"].as_u64().unwrap() > 0);
    assert_eq!(ask(&service(), "GET", "models/kinora-text", &Value::Null).0, 200);
    assert_eq!(ask(&service(), "GET", "models/other", &Value::Null).0, 404);
}

#[test]
fn a_stream_says_what_the_whole_answer_says() {
    let body = json!({ "messages": [{ "role": "user", "content": "ab" }], "max_tokens": 6, "seed": -3, "n": 2, "temperature": 1 });
    let (status, whole) = post("chat/completions", body.clone());
    assert_eq!(status, 200, "{whole}");
    let mut streamed = body;
    streamed["stream"] = true.into();
    streamed["stream_options"] = json!({ "include_usage": true });
    let chunks = events("chat/completions", streamed);
    for index in 0..2 {
        let of: Vec<&Value> = chunks.iter().map(|c| &c["choices"][0]).filter(|c| c["index"] == index).collect();
        let text: String = of.iter().filter_map(|c| c["delta"]["content"].as_str()).collect();
        assert_eq!(whole["choices"][index]["message"]["content"], text);
        assert_eq!(of[0]["delta"]["role"], "assistant");
        let (last, before) = of.split_last().unwrap();
        assert_eq!(last["finish_reason"], whole["choices"][index]["finish_reason"]);
        assert!(before.iter().all(|c| c["finish_reason"].is_null()));
    }
    let usage = &chunks.last().unwrap()["usage"];
    assert_eq!(usage["completion_tokens"], whole["usage"]["completion_tokens"]);
    assert_eq!(chunks.last().unwrap()["choices"], json!([]));
    assert_eq!(whole["kinora"]["seed"], json!(-3i64 as u64));
    assert_eq!(whole["kinora"]["device"], "cpu");
}

#[test]
fn a_piece_of_a_stream_is_computed_when_it_is_asked_for() {
    let body = json!({ "messages": [{ "role": "user", "content": "ab" }], "max_tokens": 9, "stream": true, "seed": 1 });
    let abort = kinora_tensor::Abort::default();
    let request = Request {
        method: "POST".into(),
        path: "/v1/chat/completions".into(),
        body: body.to_string(),
        abort: abort.clone(),
    };
    let mut exchange = service().open(request);
    assert!(matches!(pollster::block_on(exchange.next()), Some(Event::Head { status: 200, .. })));
    let Some(Event::Body { text }) = pollster::block_on(exchange.next()) else { panic!("no first chunk") };
    assert_eq!(text.matches("data: ").count(), 1);
    abort.abort();
    // Too late for a status: the failure is an event, with its code, and then nothing follows
    let Some(Event::Body { text }) = pollster::block_on(exchange.next()) else { panic!("no late error") };
    let late: Value = serde_json::from_str(text.trim().strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(late["error"]["code"], "aborted");
    assert_eq!(pollster::block_on(exchange.next()), None);
}

#[test]
fn a_response_is_kept_goes_on_and_is_forgotten() {
    let service = service();
    let json = |(status, _, pieces): (u16, Vec<(String, String)>, Vec<String>)| {
        (status, serde_json::from_str::<Value>(&pieces.concat()).unwrap())
    };
    let first = json(ask(
        &service,
        "POST",
        "responses",
        &json!({ "input": "ab", "instructions": "b", "max_output_tokens": 2 }),
    ))
    .1;
    let id = first["id"].as_str().unwrap();
    assert_eq!(json(ask(&service, "GET", &format!("responses/{id}"), &Value::Null)), (200, first.clone()));
    let next = json!({ "input": "ab", "previous_response_id": id, "max_output_tokens": 2 });
    let (status, second) = json(ask(&service, "POST", "responses", &next));
    assert_eq!(status, 200, "{second}");
    let tokens = |r: &Value| r["usage"]["input_tokens"].as_u64().unwrap();
    assert!(tokens(&second) > tokens(&first), "the second knows what was said in the first");
    assert_eq!(ask(&service, "DELETE", &format!("responses/{id}"), &Value::Null).0, 200);
    for (method, path, body) in [
        ("GET", format!("responses/{id}"), Value::Null),
        ("DELETE", format!("responses/{id}"), Value::Null),
        ("POST", "responses".into(), next),
    ] {
        assert_eq!(ask(&service, method, &path, &body).0, 404, "{method}");
    }
    let (_, unkept) =
        json(ask(&service, "POST", "responses", &json!({ "input": "a", "store": false, "max_output_tokens": 1 })));
    assert_eq!(ask(&service, "GET", &format!("responses/{}", unkept["id"].as_str().unwrap()), &Value::Null).0, 404);
}

#[test]
fn the_events_of_a_response_are_numbered_and_end_with_the_response() {
    let all = events("responses", json!({ "input": "ab", "max_output_tokens": 3, "stream": true }));
    let types: Vec<&str> = all.iter().map(|e| e["type"].as_str().unwrap()).collect();
    assert_eq!(types[..2], ["response.created", "response.in_progress"]);
    let last = all.last().unwrap();
    assert!(["response.completed", "response.incomplete"].contains(types.last().unwrap()));
    assert!(all.iter().enumerate().all(|(i, e)| e["sequence_number"] == i));
    let deltas = all.iter().filter(|e| e["type"] == "response.output_text.delta").map(|e| e["delta"].as_str().unwrap());
    let text: String = deltas.collect();
    if !text.is_empty() {
        assert_eq!(last["response"]["output"][0]["content"][0]["text"], text);
        assert_eq!(types[2..4], ["response.output_item.added", "response.content_part.added"]);
    }
}

#[test]
fn a_tool_is_called_with_arguments_of_its_schema_by_a_model_that_knows_nothing_of_tools() {
    let parameters = json!({ "type": "object", "properties": { "n": { "type": "integer", "minimum": 1, "maximum": 9 },
        "mood": { "enum": ["happy", "sad"] } }, "required": ["n", "mood"], "additionalProperties": false });
    let tool = |name: &str| json!({ "type": "function", "function": { "name": name, "parameters": parameters } });
    for choice in [json!("required"), json!({ "type": "function", "function": { "name": "b" } })] {
        let body = json!({ "messages": [{ "role": "user", "content": "ab" }], "max_tokens": 300, "seed": 3, "tool_choice": choice,
            "parallel_tool_calls": false, "tools": [tool("a"), tool("b")] });
        let service = Service::new(tiny_engine(1024), || 0);
        let (status, _, pieces) = ask(&service, "POST", "chat/completions", &body);
        let answer: Value = serde_json::from_str(&pieces.concat()).unwrap();
        assert_eq!(status, 200, "{answer}");
        let choice_ = &answer["choices"][0];
        assert_eq!(choice_["finish_reason"], "tool_calls", "{answer}");
        let calls = choice_["message"]["tool_calls"].as_array().unwrap();
        assert_eq!(calls.len(), 1);
        let name = calls[0]["function"]["name"].as_str().unwrap();
        assert!(name == "b" || name == "a" && choice == "required");
        let arguments: Value = serde_json::from_str(calls[0]["function"]["arguments"].as_str().unwrap()).unwrap();
        assert!((1..=9).contains(&arguments["n"].as_i64().unwrap()) && arguments["mood"].is_string(), "{arguments}");
        assert!(choice_["message"]["content"].is_null());
        let mut next = body.clone();
        next["tool_choice"] = json!("none");
        next["max_tokens"] = json!(3);
        next["messages"] = json!([{ "role": "user", "content": "ab" }, choice_["message"],
            { "role": "tool", "tool_call_id": calls[0]["id"], "content": "7" }]);
        let (status, _, pieces) = ask(&service, "POST", "chat/completions", &next);
        assert_eq!(status, 200, "{pieces:?}");
    }
}

#[test]
fn with_tools_left_to_the_model_it_may_write_text_and_calls_are_taken_apart() {
    let parameters = json!({ "type": "object", "properties": {}, "additionalProperties": false });
    let tools = json!([{ "type": "function", "function": { "name": "a", "parameters": parameters } }]);
    let body =
        json!({ "messages": [{ "role": "user", "content": "ab" }], "max_tokens": 20, "seed": 3, "tools": tools });
    let service = Service::new(tiny_engine(1024), || 0);
    let (status, _, pieces) = ask(&service, "POST", "chat/completions", &body);
    let answer: Value = serde_json::from_str(&pieces.concat()).unwrap();
    assert_eq!(status, 200, "{answer}");
    assert!(answer["choices"][0]["message"]["content"].as_str().is_some_and(|text| !text.is_empty()), "{answer}");
}

#[test]
fn an_answer_matches_its_expression_is_one_of_its_choices_or_follows_its_grammar() {
    let ask_for = |kinora: Value| {
        let body =
            json!({ "messages": [{ "role": "user", "content": "ab" }], "max_tokens": 60, "seed": 3, "kinora": kinora });
        let (status, answer) = post("chat/completions", body);
        assert_eq!(status, 200, "{answer}");
        answer["choices"][0]["message"]["content"].as_str().unwrap().to_string()
    };
    let date = ask_for(json!({ "regex": "[0-9]{4}/[0-9]{2}" }));
    assert!(date.len() == 7 && date.as_bytes()[4] == b'/', "{date}");
    assert!(["yes \"sir\"", "no"].contains(&ask_for(json!({ "choice": ["yes \"sir\"", "no"] })).as_str()));
    assert!(
        ["<x>", "<xx>"].contains(&ask_for(json!({ "grammar": { "lark": "start: \"<x\" \"x\"? \">\"" } })).as_str())
    );
    let body = json!({ "messages": [{ "role": "user", "content": "ab" }], "kinora": { "regex": "(" } });
    assert_eq!(post("chat/completions", body).0, 400);
}

#[test]
fn an_adapter_is_asked_for_by_its_models_name_or_by_the_extension() {
    let service = service();
    let style = tiny_adapter("llama", "blk.0.ffn_down", [32, 64], 0.9);
    service.engine().load_adapter(None, "style", &style, 0.5).unwrap();
    let get = |method: &str, path: &str, body: &Value| {
        let (status, _, pieces) = ask(&service, method, path, body);
        (status, serde_json::from_str::<Value>(&pieces.concat()).unwrap())
    };
    let (_, list) = get("GET", "models", &Value::Null);
    let ids: Vec<&str> = list["data"].as_array().unwrap().iter().map(|m| m["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["kinora-text", "kinora-text:style"]);
    assert_eq!(
        (&list["data"][1]["parent"], &list["data"][1]["kinora"]["strength"]),
        (&json!("kinora-text"), &json!(0.5))
    );
    let say = |model: &str, adapters: Value| {
        let body = json!({ "model": model, "messages": [{ "role": "user", "content": "go on and on" }], "seed": 1,
            "max_tokens": 20, "temperature": 0, "kinora": { "adapters": adapters } });
        let (status, answer) = get("POST", "chat/completions", &body);
        match status {
            200 => Ok((answer["choices"][0]["message"]["content"].to_string(), answer["model"].to_string())),
            _ => Err(answer["error"]["message"].to_string()),
        }
    };
    let (plain, name) = say("kinora-text", Value::Null).unwrap();
    let (styled, styled_name) = say("kinora-text:style", Value::Null).unwrap();
    assert_eq!((name.as_str(), styled_name.as_str()), ("\"kinora-text\"", "\"kinora-text:style\""));
    assert_ne!(plain, styled);
    for same in [json!(["style"]), json!("style"), json!({ "style": 0.5 })] {
        assert_eq!(say("kinora-text", same).unwrap().0, styled);
    }
    assert_eq!(say("kinora-text:style", json!({ "style": 0 })).unwrap().0, plain);
    for (model, adapters, word) in [
        ("kinora-text:other", Value::Null, "other"),
        ("kinora-text", json!(["other"]), "loaded are: style"),
        ("kinora-text", json!(7), "kinora.adapters"),
        ("kinora-text", json!({ "style": "much" }), "kinora.adapters"),
    ] {
        let refused = say(model, adapters).unwrap_err();
        assert!(refused.contains(word), "{refused}");
    }
    let (status, _) = get("POST", "embeddings", &json!({ "model": "kinora-text:style", "input": "a" }));
    assert_eq!(status, 400);
    assert_eq!(get("DELETE", "models/kinora-text:style", &Value::Null).0, 200);
    assert_eq!(get("GET", "models/kinora-text:style", &Value::Null).0, 404);
    assert_eq!(get("GET", "models/kinora-text", &Value::Null).1["kinora"]["loaded"], true);
}

#[test]
fn a_request_with_a_grammar_waits_for_what_compiles_it_and_is_then_answered_as_ever() {
    let service = Service::new(tiny_engine(1024), || 0);
    let grammars = service.engine().take_grammars().unwrap();
    let open = |service: &Service, more: Value| {
        let mut body = json!({ "messages": [{ "role": "user", "content": "ab" }], "max_tokens": 2, "stream": true });
        more.as_object().unwrap().iter().for_each(|(name, value)| body[name] = value.clone());
        let (method, path) = ("POST".to_string(), "/v1/chat/completions".to_string());
        service.open(Request { method, path, body: body.to_string(), ..Default::default() })
    };
    let status = |exchange: &mut Exchange| match pollster::block_on(exchange.next()) {
        Some(Event::Head { status, .. }) => (status, pollster::block_on(exchange.next())),
        other => panic!("{other:?}"),
    };
    let schema = |schema: Value| json!({ "response_format": { "type": "json_schema", "json_schema": { "name": "a", "schema": schema } } });
    let good = schema(json!({ "const": 1 }));

    assert!(!open(&service, json!({})).needs_grammars(), "plain text");
    assert!(!open(&service, schema(json!(true))).needs_grammars(), "refused in any case");
    let mut early = open(&service, good.clone());
    assert!(early.needs_grammars());
    assert_eq!(status(&mut early).0, 503, "asked for without it");
    let tools =
        json!({ "tools": [{ "type": "function", "function": { "name": "a", "parameters": { "type": "object" } } }] });
    let waiting = [(good, 200), (schema(json!({ "type": "odd" })), 400), (tools, 200)];
    let mut waiting = waiting.map(|(more, status)| (open(&service, more), status));
    assert!(waiting.iter().all(|(exchange, _)| exchange.needs_grammars()));
    service.engine().set_grammars(grammars);
    for (exchange, expected) in &mut waiting {
        assert!(!exchange.needs_grammars());
        let (status, body) = status(exchange);
        assert_eq!(status, *expected, "{body:?}");
    }
}
