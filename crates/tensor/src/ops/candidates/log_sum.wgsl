// the highest of x / temperature and the sum of exponentials below it, in two launches: of a part, then of all parts
override WG: u32 = 256u; // a power of two, 256 at most
override FIRST: u32 = 1u; // x holds values; else pairs of a highest and a sum
struct Params { len: u32, y_at: u32, inverse: f32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>; // from word y_at on, a pair for each workgroup
@group(1) @binding(0) var<uniform> p: Params;
const FORBIDDEN = -3e38;
var<workgroup> highest: array<f32, WG>;
var<workgroup> sums: array<f32, WG>;

// (highest, sum) of both.
fn join(a: vec2f, b: vec2f) -> vec2f {
  let top = max(a.x, b.x);
  return vec2f(top, a.y * exp(max(a.x - top, -87.0)) + b.y * exp(max(b.x - top, -87.0)));
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) n: vec3u, @builtin(local_invocation_index) lane: u32) {
  var sum = vec2f(FORBIDDEN, 0.0);
  for (var i = wg.x * WG + lane; i < p.len; i += n.x * WG) {
    if (FIRST == 0u) {
      sum = join(sum, vec2f(x[2u * i], x[2u * i + 1u]));
    } else if (x[i] > FORBIDDEN) {
      sum = join(sum, vec2f(x[i] * p.inverse, 1.0));
    }
  }
  highest[lane] = sum.x;
  sums[lane] = sum.y;
  for (var s = WG / 2u; s > 0u; s >>= 1u) {
    workgroupBarrier();
    if (lane < s) {
      let both = join(vec2f(highest[lane], sums[lane]), vec2f(highest[lane + s], sums[lane + s]));
      highest[lane] = both.x;
      sums[lane] = both.y;
    }
  }
  if (lane == 0u) {
    y[p.y_at + 2u * wg.x] = highest[0];
    y[p.y_at + 2u * wg.x + 1u] = sums[0];
  }
}
