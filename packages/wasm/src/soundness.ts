import { type Backend, type Convolution, kernel, RowKernel, reference, sizeOf, type View } from "@gradtape/core";

type Float = "float32" | "float64";

/** A family of kernels at work on small operands: makes them, and gives what computes the result. */
type Trial = (make: (shape: readonly number[], seed?: number) => View, backend: Backend) => { readonly run: () => unknown; readonly result: View };

const formula = kernel("y = exp(-x * x) + tanh(x) * sqrt(abs(x)) + log(1 + abs(x))");
const softmax = new RowKernel(
  `top = rowMax(x)
   y = exp(x - top)
   total = rowSum(y)
   y = y * (1 / total)`,
  ["y"],
);
const convolution: Convolution = {
  kernel: [3, 3],
  stride: [1, 1],
  padding: [1, 1],
  dilation: [1, 1],
  input: [12, 12],
  output: [12, 12],
  groups: 1,
};

const turned = ({ shape: [n, k], strides: [row, column], ...view }: View): View => ({ ...view, shape: [k, n], strides: [column, row] });

/** `[m,k] x [n,k]ᵀ` with a bias and a ReLU. */
const product =
  (m: number, k: number, n: number, across = true): Trial =>
  (make, backend) => {
    const [a, b, bias, result] = [make([m, k]), across ? turned(make([n, k], 1)) : make([k, n], 1), make([n], 2), make([m, n])];
    const start = { ...bias, shape: [m, n], strides: [0, 1] };
    return { run: () => backend.matmul(a, b, result, start, result), result };
  };

const trials: Readonly<Record<string, Trial>> = {
  formulas: (make, backend) => {
    const [x, result] = [make([1003]), make([1003])];
    return { run: () => backend.map(formula, [x], [], [result]), result };
  },
  rows: (make, backend) => {
    const [x, result] = [make([17, 100]), make([17, 100])];
    return { run: () => backend.mapRows?.(softmax, [x], [], [result]), result };
  },
  "sums of rows": (make, backend) => {
    const [x, result] = [make([41, 203]), make([41, 1])];
    return { run: () => backend.reduce("sum", x, [1], result), result };
  },
  "sums of columns": (make, backend) => {
    const [x, result] = [make([41, 203]), make([1, 203])];
    return { run: () => backend.reduce("sum", x, [0], result), result };
  },
  products: product(50, 70, 60, false),
  "products of long rows": product(32, 163, 64),
  "inner products": product(3, 163, 64),
  "products of a row": product(1, 163, 64),
  "outer products": product(20, 1, 37),
  convolutions: (make, backend) => {
    const [x, weight, result] = [make([2, 16, 12, 12]), make([16, 16, 3, 3], 1), make([2, 16, 12, 12])];
    return { run: () => backend.convolve?.(x, weight, result, convolution), result };
  },
  "gradients of weights": (make, backend) => {
    const [x, g, result] = [make([2, 16, 12, 12]), make([2, 16, 12, 12], 1), make([16, 16, 3, 3])];
    return { run: () => backend.convolveWeight?.(x, g, result, convolution), result };
  },
  pooling: (make, backend) => {
    const [x, result] = [make([4, 12, 12]), make([4, 12, 12])];
    return { run: () => backend.pool?.("sum", x, result, convolution), result };
  },
};

/** Runs, or milliseconds, after which the optimising compiler's code runs, not the first quick one; double precision is there to compare with. */
const [RUNS, MILLISECONDS] = [400, 6];
/** How far results may lie apart, in parts of the largest. */
const TOLERANCE = 1e-4;

function resultOf(trial: Trial, backend: Backend, dtype: Float): ArrayLike<number> {
  const make = (shape: readonly number[], seed = 0): View => {
    const size = sizeOf(shape);
    const strides = shape.map((_, d) => sizeOf(shape.slice(d + 1)));
    const view: View = { storage: backend.allocate(dtype, size, "value"), dtype, shape, strides, offset: 0 };
    // Numbers that single precision has, too.
    reference.write(
      Float32Array.from({ length: size }, (_, i) => Math.sin(1.7 * i + seed)),
      view,
    );
    return view;
  };
  const { run, result } = trial(make, backend);
  const start = performance.now();
  run();
  if (dtype === "float32") for (let i = 1; i < RUNS && (i < 3 || performance.now() - start < MILLISECONDS); i++) run();
  return result.storage.data ?? [];
}

/** The first family of a backend's kernels whose results in single precision are not those in double; `undefined` where all are sound. */
export function unsound(backend: Backend): string | undefined {
  return Object.keys(trials).find((name) => {
    const [single, double] = (["float32", "float64"] as const).map((dtype) => resultOf(trials[name], backend, dtype));
    const largest = Math.max(...Array.from(double, Math.abs));
    return !Array.from(single).every((value, i) => Math.abs(value - double[i]) <= TOLERANCE * largest);
  });
}
