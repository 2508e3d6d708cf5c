// Loops apart, because engines make the fastest code where the operation is known.
type Loop = (a: Float32Array, i: number, b: Float32Array, j: number, y: Float32Array, k: number, length: number) => void;

const add: Loop = (a, i, b, j, y, k, length) => {
  for (let l = 0; l < length; l++) y[k + l] = a[i + l] + b[j + l];
};

const sub: Loop = (a, i, b, j, y, k, length) => {
  for (let l = 0; l < length; l++) y[k + l] = a[i + l] - b[j + l];
};

const mul: Loop = (a, i, b, j, y, k, length) => {
  for (let l = 0; l < length; l++) y[k + l] = a[i + l] * b[j + l];
};

const div: Loop = (a, i, b, j, y, k, length) => {
  for (let l = 0; l < length; l++) y[k + l] = a[i + l] / b[j + l];
};

/**
 * Runs an operation on a few numbers in JavaScript, if it is a sum, difference, product or quotient: it is done before they would be in the memory of WebAssembly. Tells
 * whether it was. Computed in double precision and stored in single, these are what single precision gives: 53 bits are more than twice 24 and two.
 */
export function runShort(
  operation: string | undefined,
  a: Float32Array,
  i: number,
  b: Float32Array,
  j: number,
  y: Float32Array,
  k: number,
  length: number,
): boolean {
  switch (operation) {
    case "add":
      add(a, i, b, j, y, k, length);
      return true;
    case "sub":
      sub(a, i, b, j, y, k, length);
      return true;
    case "mul":
      mul(a, i, b, j, y, k, length);
      return true;
    case "div":
      div(a, i, b, j, y, k, length);
      return true;
    default:
      return false;
  }
}
