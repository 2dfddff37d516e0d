// few rows, on a GPU: a workgroup takes one row of x and four of w, its lanes share the sum over k
override WG: u32 = 64u; // a power of two, 256 at most
var<workgroup> partial: array<vec4f, WG>;
var<workgroup> squared: array<f32, WG>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = wg.y * groups.x + wg.x;
  let blocks = block_count();
  let row = index / blocks;
  let i = index % blocks;
  if (row >= p.m) { return; } // the same for the whole workgroup
  let cols = block_rows(i);
  var sum = vec4f();
  var squares = 0.0;
  for (var j = lane; j < (p.k + 7u) / 8u; j += WG) {
    var v = x8(row, j);
    if (NORM == 1u) {
      squares += dot8(v, v);
      v = gained(v, j);
    }
    sum += vec4f(dot8(v, dequant8(cols.x, j)), dot8(v, dequant8(cols.y, j)), dot8(v, dequant8(cols.z, j)),
      dot8(v, dequant8(cols.w, j)));
  }
  partial[lane] = sum;
  if (NORM == 1u) { squared[lane] = squares; }
  for (var s = WG / 2u; s > 0u; s >>= 1u) {
    workgroupBarrier();
    if (lane < s) {
      partial[lane] += partial[lane + s];
      if (NORM == 1u) { squared[lane] += squared[lane + s]; }
    }
  }
  workgroupBarrier();
  if (lane < 4u) {
    var sums = partial[0];
    if (NORM == 1u) { sums *= norm_scale(squared[0]); }
    put_block(row, i, lane, sums[lane], sums[(lane + 2u) % 4u]);
  }
}
