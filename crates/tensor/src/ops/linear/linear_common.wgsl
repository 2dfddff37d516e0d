// What the linear kernels share: y = act(norm(x) · wᵀ + bias) + residual; each part only where its constant says so.
// x and gain, bindings 0 and 3, are read by linear_x.wgsl or, where k is a multiple of eight, by linear_x_whole.wgsl.
override BIAS: u32 = 0u;
override NORM: u32 = 0u; // x is RMS-normalised and multiplied by `gain` first
override ADD: u32 = 0u; // `residual` is added
override GATE: u32 = 0u; // w is gates above ups: y = act(gate) · up; 1: silu, 2: gelu (tanh)
struct Params { m: u32, n: u32, k: u32, w_scales: u32, y_cols: u32, y_at: u32, bias_at: u32, eps: f32 }
@group(0) @binding(1) var<storage, read> w: array<u32>; // [n, k]
@group(0) @binding(2) var<storage, read> bias: array<f32>; // [all rows of w]
@group(0) @binding(4) var<storage, read> residual: array<f32>; // as y
@group(0) @binding(5) var<storage, read_write> y: array<f32>; // [m, y_cols], from column y_at on
@group(1) @binding(0) var<uniform> p: Params;

fn dot8(a: array<vec4f, 2>, b: array<vec4f, 2>) -> f32 { return dot(a[0], b[0]) + dot(a[1], b[1]); }

// Factor of a row whose squares sum to `squares`.
fn norm_scale(squares: f32) -> f32 { return 1.0 / sqrt(squares / f32(p.k) + p.eps); }

// Blocks of four rows of w: what one step of the few-rows kernels computes.
fn block_count() -> u32 {
  if (GATE != 0u) { return (p.n / 2u + 1u) / 2u; }
  return (p.n + 3u) / 4u;
}

// The rows of w of block `i`; those behind the last repeat the last.
fn block_rows(i: u32) -> vec4u {
  if (GATE != 0u) {
    let ups = p.n / 2u;
    let a = min(2u * i, ups - 1u);
    let b = min(2u * i + 1u, ups - 1u);
    return vec4u(a, b, ups + a, ups + b);
  }
  return min(vec4u(4u * i) + vec4u(0u, 1u, 2u, 3u), vec4u(p.n - 1u));
}

fn activate(v: f32) -> f32 {
  if (GATE == 1u) { return v / (1.0 + exp(min(-v, 87.0))); }
  return 0.5 * v * (1.0 + tanh(clamp(0.7978845608 * (v + 0.044715 * v * v * v), -10.0, 10.0)));
}

fn put(row: u32, col: u32, value: f32) {
  let at = row * p.y_cols + p.y_at + col;
  var v = value;
  if (ADD == 1u) { v += residual[at]; }
  y[at] = v;
}

// Writes what block `i` gives for its column `c`, of four, from the sum of the column and, for a gate, that of its up.
fn put_block(row: u32, i: u32, c: u32, sum: f32, up: f32) {
  if (GATE != 0u) {
    let col = 2u * i + c;
    if (c >= 2u || col >= p.n / 2u) { return; }
    var g = sum;
    var u = up;
    if (BIAS == 1u) { g += bias[col]; u += bias[p.n / 2u + col]; }
    put(row, col, activate(g) * u);
    return;
  }
  let col = 4u * i + c;
  if (col >= p.n) { return; }
  var v = sum;
  if (BIAS == 1u) { v += bias[p.bias_at + col]; }
  put(row, col, v);
}
