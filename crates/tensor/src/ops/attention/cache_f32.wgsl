// keys and values in f32
@group(0) @binding(1) var<storage, read> k: array<f32>; // [tk, kv_heads, dim]
@group(0) @binding(2) var<storage, read> v: array<f32>;
fn key1(i: u32) -> f32 { return k[i]; }
fn value1(i: u32) -> f32 { return v[i]; }
fn key4(i: u32) -> vec4f { return vec4f(k[i], k[i + 1u], k[i + 2u], k[i + 3u]); }
fn value4(i: u32) -> vec4f { return vec4f(v[i], v[i + 1u], v[i + 2u], v[i + 3u]); }
