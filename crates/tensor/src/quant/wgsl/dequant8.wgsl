// Weights [8j, 8j + 8) of row `row`, from the quants and the scales above; OFFSET and `value4` stand in front of this file.
fn dequant8(row: u32, j: u32) -> array<vec4f, 2> {
  let g = row * (p.k / 8u) + j;
  let q = quants8(g);
  let s = scale_min(g);
  return array(value4(q[0]) * s.x - s.y, value4(q[1]) * s.x - s.y);
}
