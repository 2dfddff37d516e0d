// ONNX files of one node, written by hand (onnx.proto3): the weights are the numbers that the Kinora side makes.

const varint = (n) => {
  const bytes = [];
  for (; n > 127; n = Math.floor(n / 128)) bytes.push((n % 128) + 128);
  return Buffer.from([...bytes, n]);
};
const int = (field, n) => Buffer.concat([varint(field * 8), varint(n)]);
const bytes = (field, ...parts) => {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
  return Buffer.concat([varint(field * 8 + 2), varint(body.length), body]);
};

const values = (n) => Float32Array.from({ length: n }, (_, i) => ((i * 2654435761) % 1999) / 1000 - 1);
const size = (shape) => shape.reduce((a, b) => a * b, 1);

const tensor = (name, shape) =>
  bytes(
    5,
    ...shape.map((n) => int(1, n)),
    int(2, 1),
    bytes(8, name),
    bytes(9, Buffer.from(values(size(shape)).buffer)),
  );
const value = (field, name, shape) =>
  bytes(field, bytes(1, name), bytes(2, bytes(1, int(1, 1), bytes(2, ...shape.map((n) => bytes(1, int(1, n)))))));
const ints = (name, list) => bytes(5, bytes(1, name), ...list.map((n) => int(8, n)), int(20, 7));

function model(op, attributes, constants, input, output) {
  const names = ['x', ...Object.keys(constants)];
  const node = bytes(1, ...names.map((n) => bytes(1, n)), bytes(2, 'y'), bytes(4, op), ...attributes);
  const initializers = Object.entries(constants).map(([name, shape]) => tensor(name, shape));
  const graph = bytes(7, node, bytes(2, 'g'), ...initializers, value(11, 'x', input), value(12, 'y', output));
  const file = Buffer.concat([int(1, 8), graph, bytes(8, bytes(1, ''), int(2, 17))]);
  return { bytes: file.toString('base64'), input };
}

/** `x [m, k] · w [k, n]`. */
export const matmul = (m, k, n) => model('MatMul', [], { w: [k, n] }, [m, k], [m, n]);

/** A 3×3 convolution with zeros around. */
export const conv = (outputs, inputs, h, w) =>
  model(
    'Conv',
    [ints('kernel_shape', [3, 3]), ints('pads', [1, 1, 1, 1])],
    { w: [outputs, inputs, 3, 3], b: [outputs] },
    [1, inputs, h, w],
    [1, outputs, h, w],
  );
