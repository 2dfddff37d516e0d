use super::*;

fn render(source: &str) -> Result<String, FormatError> {
    let messages = [Message::new("system", "Be kind."), Message::new("user", "Hi <|im_end|>")];
    ChatTemplate::new(source, "<s>", "</s>")?.with_now(1_709_164_799).render_messages(&messages, true)
}

#[test]
fn chatml_renders_as_the_reference_does() {
    let source = "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + \
                  '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";
    let want =
        "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHi <|im_end|><|im_end|>\n<|im_start|>assistant\n";
    assert_eq!(render(source).unwrap(), want);
}

#[test]
fn whitespace_control_survives_the_guard() {
    let source =
        "{%- for m in messages -%}\n  {%- set c = m.content | trim %}\n{{ m.role }}:{{ c }}\n{% endfor %}\nend\n";
    assert_eq!(render(source).unwrap(), "system:Be kind.\nuser:Hi <|im_end|>\nend");
    assert_eq!(render("a {#- note -#} b").unwrap(), "ab");
    assert_eq!(render("{% for i in range(2) -%}\n  x\n{%- endfor %}").unwrap(), "xx");
    assert_eq!(render("{% for i in range(2) %}\n  x\n{% endfor %}").unwrap(), "  x\n  x\n");
}

#[test]
fn what_published_templates_use_works() {
    for (source, want) in [
        ("{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}", "2"),
        ("{{ messages[0].content.split(' ')[-1].strip('.').upper() }}", "KIND"),
        ("{{ messages[0]['role'] if messages[0].role == 'system' else 'none' }}", "system"),
        ("{{ messages[1:] | length }}{{ loop is defined }}", "1False"),
        ("{% macro f(a, b='x') %}{{ a ~ b }}{% endmacro %}{{ f('1') }}{{ f('2', b='y') }}", "1x2y"),
        ("{{ {'a': [1, 'é<', none, true]} | tojson }}", r#"{"a": [1, "é<", null, true]}"#),
        ("{{ {'a': [1]} | tojson(indent=2) }}", "{\n  \"a\": [\n    1\n  ]\n}"),
        ("{{ strftime_now('%d %b %Y') }}", "28 Feb 2024"),
        ("{% for m in messages if m.role == 'user' %}{{ loop.first }}{% break %}{% endfor %}", "True"),
        ("{% if messages[0].content is string and 'kind' in messages[0].content %}y{% endif %}", "y"),
        ("{% for k, v in {'a': 1}.items() %}{{ k }}{{ v }}{% endfor %}", "a1"),
        ("{% set a, b = 1, 2 %}{{ a }}{{ b }}", "12"),
        ("{% set x %}a{{ 1 }}{% endset %}{{ x }}", "a1"),
        ("{% filter upper %}a{{ 'b' }}{% endfilter %}", "AB"),
        ("{% generation %}g{% endgeneration %}{{ '-' * 3 }}{{ bos_token }}{{ nothing }}", "g---<s>"),
        ("{% set n = 3 %}{{ '-' * n }}{{ ('=' * n)|length }}{{ 'a{}b{}'.format(1, 'x') }}", "---3a1bx"),
        ("{{ {'a': {'b': 1}}.a.get('c', 'd') }}{{ messages | map(attribute='role') | join(',') }}", "dsystem,user"),
    ] {
        assert_eq!(render(source).as_deref(), Ok(want), "{source}");
    }
}

#[test]
fn a_template_can_refuse_a_conversation() {
    let error = render("{{ raise_exception('no system role') }}").unwrap_err();
    assert_eq!(error.code(), "E_TEMPLATE");
    assert!(error.to_string().contains("no system role"));
}

#[test]
fn hostile_templates_end_with_an_error() {
    let nested = |open: &str, close: &str, n: usize| format!("{}x{}", open.repeat(n), close.repeat(n));
    for source in [
        nested("{% if true %}", "{% endif %}", 1000),
        format!("{{{{ {} }}}}", nested("(", ")", 1000)),
        format!("{{{{ {} }}}}", nested("[", "]", 1000)),
        format!("{{{{ {}true }}}}", "not ".repeat(10_000)),
        format!("{{{{ a{} }}}}", ".b".repeat(20_000)),
        format!("{{% if a %}}{}{{% endif %}}", "{% elif a %}".repeat(4000)),
        "{% for i in range(1000000000) %}x{% endfor %}".into(),
        "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}".into(),
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}".into(),
        "{% macro f(s) %}{{ f(s ~ s) }}{% endmacro %}{{ f('aaaaaaaa') }}".into(),
        "{% set ns = namespace(s='aaaaaaaaaaaaaaaa') %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s }}".into(),
        "{% set ns = namespace(s=[0]) %}{% for i in range(60) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s }}".into(),
        format!("{{% set s = 'aa' %}}{}{{{{ s }}}}", "{% set s = s ~ s %}".repeat(60)),
        format!("{{% set s = 'aa' %}}{}{{{{ s }}}}", "{% set s = {'a': {'b': s ~ s}}.a.b %}".repeat(60)),
        "{% macro d(s) %}{{ s }}{{ s }}{% endmacro %}{% set n = namespace(s='aa') %}{% for i in range(60) %}{% set n.s = d(n.s) %}{% endfor %}".into(),
        format!("{{% set x %}}{{% for i in range(9999) %}}{}{{% endfor %}}{{% endset %}}", "y".repeat(60_000)),
        "{{ 'a' * 10000000000 }}".into(),
        "{{ [0] * 10000000000 }}".into(),
        "{% set l = [0] %}{{ l * 100000 }}".into(),
        "{% set n = 100000 %}{{ 'a' * n }}".into(),
        "{% set n = 64 %}{{ 'a' * n * n * n * n * n }}".into(),
        "{{ 'a'|replace('a', 'b' * 200)|replace('b', 'c' * 250)|replace('c', 'd' * 250)|replace('d', 'e' * 250) }}".into(),
        "{{ 10 ** (10 ** 10) }}".into(),
        "{{ '%1000000000d' % 1 }}".into(),
        "{{ 'a'|center(1000000000) }}".into(),
        "{{ ''.__class__.__mro__[1].__subclasses__() }}".into(),
        "{% include '/etc/passwd' %}".into(),
        "{% for m in messages %}{{ m.content ".into(),
        "{{ messages[99].content.strip().x.y() }}".into(),
        "{% with a = 1 %}{% endwith %}".into(),
        "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}".into(),
        "x".repeat(70_000),
    ] {
        let start = std::time::Instant::now();
        let result = render(&source);
        let name: String = source.chars().take(60).collect();
        assert_eq!(result.map_err(|e| e.code()), Err("E_TEMPLATE"), "{name}");
        assert!(start.elapsed().as_millis() < 1000, "{name} took {:?}", start.elapsed());
    }
}
