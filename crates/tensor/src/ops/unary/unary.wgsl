// a function of one value; OP is the number that gpu.rs gives it
override WG: u32 = 64u;
override OP: u32 = 0u;
struct Params { len: u32, a: f32, b: f32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

// The exponent is bounded: WGSL leaves an overflow undefined.
fn sigmoid(v: f32) -> f32 { return 1.0 / (1.0 + exp(min(-v, 87.0))); }

fn safe_tanh(v: f32) -> f32 { return tanh(clamp(v, -10.0, 10.0)); }

// 1 − erf, to 1.2e-7 of its own size (Press et al., Numerical Recipes, section 6.2), so that tails keep their digits.
fn erfc(v: f32) -> f32 {
  let z = abs(v);
  let t = 1.0 / (1.0 + 0.5 * z);
  let poly = -1.26551223 + t * (1.00002368 + t * (0.37409196 + t * (0.09678418 + t * (-0.18628806 + t * (0.27886807
    + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277))))))));
  let r = t * exp(max(poly - z * z, -87.0));
  return select(2.0 - r, r, v >= 0.0);
}

// sin(v + quarter · π/2). WGSL promises sin to 2^-11 and only in [-π, π], positions need more: quarters are taken off in
// three parts of π/2 whose products are exact (Cody & Waite), the rest by the polynomials of Cephes' sinf and cosf.
fn precise_sin(v: f32, quarter: i32) -> f32 {
  let k = round(v * 0.636619772);
  let r = ((v - k * 1.5703125) - k * 4.837512969970703125e-4) - k * 7.54978995489188e-8;
  let z = r * r;
  let s = r + r * z * (-1.6666654611e-1 + z * (8.3321608736e-3 - z * 1.9515295891e-4));
  let c = 1.0 - 0.5 * z + z * z * (4.166664568298827e-2 + z * (-1.388731625493765e-3 + z * 2.443315711809948e-5));
  let q = (i32(k) + quarter) & 3;
  let value = select(s, c, (q & 1) == 1);
  return select(value, -value, q >= 2);
}

fn apply(v: f32) -> f32 {
  switch (OP) {
    case 0u: { return v * sigmoid(v); }
    case 1u: { return 0.5 * v * (1.0 + safe_tanh(0.7978845608 * (v + 0.044715 * v * v * v))); }
    case 2u: { return 0.5 * v * erfc(-v * 0.7071067812); }
    case 3u: { return max(v, 0.0); }
    case 4u: { return select(p.a * v, v, v > 0.0); }
    case 5u: { return safe_tanh(v); }
    case 6u: { return sigmoid(v); }
    case 7u: { return exp(v); }
    case 8u: { return precise_sin(v, 0); }
    case 9u: { return precise_sin(v, 1); }
    case 10u: { return sqrt(v); }
    case 11u: { return v * p.a; }
    case 12u: { return v + p.a; }
    default: { return clamp(v, p.a, p.b); }
  }
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) n: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (wg.y * n.x + wg.x) * WG + lane;
  if (i < p.len) { y[i] = apply(x[i]); }
}
