// keys and values in f16, two a word; heads are an even number of channels
@group(0) @binding(1) var<storage, read> k: array<u32>; // [tk, kv_heads, dim]
@group(0) @binding(2) var<storage, read> v: array<u32>;
fn key1(i: u32) -> f32 { return unpack2x16float(k[i / 2u])[i % 2u]; }
fn value1(i: u32) -> f32 { return unpack2x16float(v[i / 2u])[i % 2u]; }
fn key4(i: u32) -> vec4f { return vec4f(unpack2x16float(k[i / 2u]), unpack2x16float(k[i / 2u + 1u])); }
fn value4(i: u32) -> vec4f { return vec4f(unpack2x16float(v[i / 2u]), unpack2x16float(v[i / 2u + 1u])); }
