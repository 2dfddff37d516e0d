// IQ4: a nibble picks one of sixteen int8 values, four a word.
fn value4(q: vec4u) -> vec4f {
  let low = select(vec4u(0xbfad9881u), vec4u(0xf6eaddcfu), (q & vec4u(4u)) != vec4u());
  let high = select(vec4u(0x26190d01u), vec4u(0x71594535u), (q & vec4u(4u)) != vec4u());
  let word = select(low, high, (q & vec4u(8u)) != vec4u());
  return vec4f(bitcast<vec4i>(word << (vec4u(24u) - vec4u(8u) * (q & vec4u(3u)))) >> vec4u(24u));
}
