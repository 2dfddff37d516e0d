// keys and values in int8, four a word, and from `kv_scales` on a scale for each 32; heads are whole blocks
@group(0) @binding(1) var<storage, read> k: array<u32>; // [tk, kv_heads, dim]
@group(0) @binding(2) var<storage, read> v: array<u32>;
fn bytes4(word: u32) -> vec4f { return vec4f(bitcast<vec4i>(vec4u(word) << vec4u(24u, 16u, 8u, 0u)) >> vec4u(24u)); }
fn key1(i: u32) -> f32 { return bytes4(k[i / 4u])[i % 4u] * bitcast<f32>(k[p.kv_scales + i / 32u]); }
fn value1(i: u32) -> f32 { return bytes4(v[i / 4u])[i % 4u] * bitcast<f32>(v[p.kv_scales + i / 32u]); }
fn key4(i: u32) -> vec4f { return bytes4(k[i / 4u]) * bitcast<f32>(k[p.kv_scales + i / 32u]); }
fn value4(i: u32) -> vec4f { return bytes4(v[i / 4u]) * bitcast<f32>(v[p.kv_scales + i / 32u]); }
