fn value4(q: vec4u) -> vec4f { return vec4f(q) - OFFSET; }
