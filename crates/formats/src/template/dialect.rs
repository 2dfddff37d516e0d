//! What a template can do, found by rendering small conversations with it and looking at what comes out.

use serde_json::{Value, json};

use super::{ChatTemplate, RenderInput};

/// How a model spells the calls of tools.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ToolDialect {
    /// `<tool_call>{"name": …, "arguments": …}</tool_call>`: Hermes, Qwen 2.5 and 3, SmolLM3, Granite 4. Also what is
    /// taken where a template shows no calls, because most models have seen it.
    #[default]
    Hermes,
    /// `{"name": …, "parameters": …}`: Llama 3.
    Llama3,
    /// `[TOOL_CALLS][{"name": …, "arguments": …}]`: Mistral.
    Mistral,
    /// `[TOOL_CALLS]name[ARGS]{…}`, with or without `[CALL_ID]`: Mistral since 2025.
    MistralArgs,
    /// `<function=name>{…}</function>`: Functionary 3.1.
    FunctionaryTag,
    /// `>>>name\\n{…}`: Functionary 3.2.
    FunctionaryArrow,
    /// `<tool_call><function=name><parameter=key>value</parameter></function></tool_call>`: Qwen3 Coder, Qwen 3.5.
    QwenXml,
    /// `<|tool_call_start|>[name(key="value")]<|tool_call_end|>`: LFM2.
    Lfm2,
    /// `<|tool_call|>[{"name": …, "arguments": …}]`: Granite 3.
    Granite,
    /// `<｜tool▁call▁begin｜>…name…{…}<｜tool▁call▁end｜>`: DeepSeek.
    DeepSeek,
    /// `<|tool_call_begin|>functions.name:0<|tool_call_argument_begin|>{…}<|tool_call_end|>`: Kimi K2.
    Kimi,
    /// `<|channel|>commentary to=functions.name …<|message|>{…}<|call|>`: gpt-oss.
    Harmony,
    /// `<tool_call>name<arg_key>key</arg_key><arg_value>value</arg_value></tool_call>`: GLM 4.5 and later.
    Glm,
    /// `<invoke name="name"><parameter name="key">value</parameter></invoke>`: MiniMax, DeepSeek 3.2 with its own tags.
    Invoke,
    /// `<|tool_call>call:name{key:<|"|>value<|"|>}<tool_call|>`: Gemma 4.
    Gemma4,
    /// `<|START_ACTION|>[{"tool_name": …, "parameters": …}]<|END_ACTION|>`: Command R7B and later.
    Cohere,
    /// Some other way; the rendered calls are not understood.
    Other,
}

/// Whether the model thinks before it answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Thinking {
    /// The template knows nothing of it.
    #[default]
    None,
    /// The template marks thoughts and has no switch.
    Always,
    /// `enable_thinking` turns it on and off.
    Switch,
}

/// What a template can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traits {
    /// Descriptions of tools reach the prompt.
    pub tools: bool,
    /// Calls in earlier turns reach the prompt.
    pub tool_calls: bool,
    /// A system message reaches the prompt.
    pub system: bool,
    /// Whether the model thinks.
    pub thinking: Thinking,
    /// How calls are spelled.
    pub dialect: ToolDialect,
}

const NAME: &str = "kinora_probe";
/// Nine letters and digits, as Mistral's templates demand.
const ID: &str = "kinora001";

impl ChatTemplate {
    /// What this template can do. A template that refuses a probe cannot do what the probe asks.
    pub fn traits(&self) -> Traits {
        let user = json!({"role": "user", "content": "probe question"});
        let render = |messages: Vec<Value>, tools: Vec<Value>, thinking: Option<bool>| {
            let kwargs = thinking.map(|on| ("enable_thinking".to_owned(), Value::from(on))).into_iter().collect();
            self.render(&RenderInput { messages, tools, add_generation_prompt: true, kwargs }).ok()
        };
        let function = json!({"name": NAME, "description": "probe", "parameters":
            {"type": "object", "properties": {"city": {"type": "string", "description": "a city"}}, "required": ["city"]}});
        let tools = vec![json!({"type": "function", "function": function})];
        let called = self.called(&render, &user, &tools);
        let shows = |text: &Option<String>, what: &str| text.as_ref().is_some_and(|t| t.contains(what));
        let system = json!({"role": "system", "content": "probe system"});
        let (on, off) =
            (render(vec![user.clone()], vec![], Some(true)), render(vec![user.clone()], vec![], Some(false)));
        let thinking = if on != off {
            Thinking::Switch
        } else if ["<think>", "reasoning_content", "[THINK]", "<|channel|>analysis"]
            .iter()
            .any(|t| self.source.contains(t))
        {
            Thinking::Always
        } else {
            Thinking::None
        };
        Traits {
            tools: shows(&render(vec![user.clone()], tools.clone(), None), NAME),
            tool_calls: called.is_some(),
            system: shows(&render(vec![system, user], vec![], None), "probe system"),
            thinking,
            dialect: called.map_or(ToolDialect::default(), |text| spelling(&text)),
        }
    }

    /// The rendered call of the probe tool, from a little before its name. Templates differ in whether they take the
    /// arguments as an object or as text, so both are tried.
    fn called(
        &self,
        render: &impl Fn(Vec<Value>, Vec<Value>, Option<bool>) -> Option<String>,
        user: &Value,
        tools: &[Value],
    ) -> Option<String> {
        let object = json!({"city": "Oslo"});
        [object.clone(), Value::from(object.to_string())].into_iter().find_map(|arguments| {
            let call = json!({"id": ID, "type": "function", "function": {"name": NAME, "arguments": arguments}});
            let turn = json!({"role": "assistant", "content": "", "tool_calls": [call]});
            let answer = json!({"role": "tool", "name": NAME, "tool_call_id": ID, "content": "probe answer"});
            let messages = vec![user.clone(), turn, answer];
            let text = render(messages.clone(), vec![], None).filter(|t| t.contains(NAME));
            // Some templates show calls only where there are tools; the last name is then the call's
            let text = text.or_else(|| render(messages, tools.to_vec(), None))?;
            let from = text.find("probe question").unwrap_or(0);
            text.get(from..).filter(|t| t.contains(NAME) && t.contains("Oslo")).map(str::to_owned)
        })
    }
}

/// The dialect of a text that holds one call.
fn spelling(text: &str) -> ToolDialect {
    use ToolDialect::*;
    let has = |part: &str| text.contains(part);
    match () {
        () if has("<|channel|>") && has("to=functions.") => Harmony,
        () if has("<|tool_call>call:") => Gemma4,
        () if has("<|tool_call_argument_begin|>") => Kimi,
        () if has("<｜tool▁call▁begin｜>") => DeepSeek,
        () if has("<|tool_call_start|>") => Lfm2,
        () if has("[TOOL_CALLS]") && has("[ARGS]") => MistralArgs,
        () if has("[TOOL_CALLS]") => Mistral,
        () if has("<arg_key>") => Glm,
        () if has("<parameter=") => QwenXml,
        () if has(&format!("<function={NAME}>")) => FunctionaryTag,
        () if has(&format!(">>>{NAME}")) => FunctionaryArrow,
        () if has(&format!("invoke name=\"{NAME}\"")) => Invoke,
        () if has("\"tool_name\"") => Cohere,
        () if has("<tool_call>") && has("\"name\"") => Hermes,
        () if has("<|tool_call|>") => Granite,
        () if has("\"parameters\"") && has("\"name\"") => Llama3,
        () => Other,
    }
}
