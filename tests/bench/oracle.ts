import { digest, type Expectation, sampled } from "./digest.ts";
import { chain, convolution, lesson, matrices, operands, scalars, update } from "./inputs.ts";

/** What the workloads must give, computed plainly in float64. */

/** An elementwise function of two operands. */
export function elementwise(count: number, f: (a: number, b: number) => number): Expectation[] {
  const [a, b] = operands(count);
  return [digest(Float64Array.from(a, (value, i) => f(value, b[i])))];
}

const add = (values: ArrayLike<number>): number =>
  Array.prototype.reduce.call<ArrayLike<number>, [(s: number, v: number) => number, number], number>(values, (s, v) => s + v, 0);

/** A product of square matrices: samples by their definition, the sum from the sums of columns and rows. */
export function matmul(n: number): Expectation[] {
  const [a, b] = matrices(n);
  const samples = sampled(n * n).map((at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    let dot = 0;
    for (let k = 0; k < n; k++) dot += a[i * n + k] * b[k * n + j];
    return dot;
  });
  let sum = 0;
  for (let k = 0; k < n; k++) {
    let [column, row] = [0, 0];
    for (let i = 0; i < n; i++) {
      column += a[i * n + k];
      row += b[k * n + i];
    }
    sum += column * row;
  }
  return [{ count: n * n, sum, size: sum, samples }];
}

/** A parameter after ten steps. Loshchilov & Hutter 2019, arXiv:1711.05101, Algorithm 2; without decay it is Adam. */
export function adamw(count: number, optimizer: string): Expectation[] {
  const [p, g] = update.of(count);
  const decay = optimizer === "AdamW" ? lesson.lr * lesson.weightDecay : 0;
  const after = Float64Array.from(p);
  for (let i = 0; i < count; i++) {
    let [m, v] = [0, 0];
    for (let t = 1; t <= update.steps; t++) {
      m = 0.9 * m + 0.1 * g[i];
      v = 0.999 * v + 0.001 * g[i] ** 2;
      after[i] -= decay * after[i] + (lesson.lr * m) / (1 - 0.9 ** t) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-8);
    }
  }
  return [digest(after)];
}

/** The gradients of a convolution's input and weight. Sums by linearity: what all inputs, or all weights, get together. */
export function convolve(): Expectation[] {
  const { batch, channels, side } = convolution;
  const [x, w, g] = convolution.of();
  const area = side * side;
  const pixel = (image: number, channel: number, row: number, column: number): number =>
    row < 0 || column < 0 || row >= side || column >= side ? -1 : ((image * channels + channel) * side + row) * side + column;
  const taps = Array.from({ length: 9 }, (_, tap) => ({ tap, down: Math.floor(tap / 3) - 1, right: (tap % 3) - 1 }));

  const inputs = sampled(x.length).map((at) => {
    const [image, channel] = [Math.floor(at / (channels * area)), Math.floor(at / area) % channels];
    const [row, column] = [Math.floor((at % area) / side), at % side];
    let sum = 0;
    for (let out = 0; out < channels; out++)
      for (const { tap, down, right } of taps) {
        const from = pixel(image, out, row - down, column - right);
        if (from >= 0) sum += g[from] * w[(out * channels + channel) * 9 + tap];
      }
    return sum;
  });
  const weights = sampled(w.length).map((at) => {
    const [out, channel, { down, right }] = [Math.floor(at / (channels * 9)), Math.floor(at / 9) % channels, taps[at % 9]];
    let sum = 0;
    for (let image = 0; image < batch; image++)
      for (let row = 0; row < side; row++)
        for (let column = 0; column < side; column++) {
          const from = pixel(image, channel, row + down, column + right);
          if (from >= 0) sum += g[pixel(image, out, row, column)] * x[from];
        }
    return sum;
  });

  let [inputSum, weightSum] = [0, 0];
  const kernels = Array.from({ length: channels * 9 }, (_, k) => {
    const [out, tap] = [Math.floor(k / 9), k % 9];
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += w[(out * channels + channel) * 9 + tap];
    return sum;
  });
  const stack = (values: Float32Array, image: number, at: number): number => {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += values[(image * channels + channel) * area + at];
    return sum;
  };
  for (let image = 0; image < batch; image++) {
    const columns = Array.from({ length: area }, (_, at) => stack(x, image, at));
    for (let at = 0; at < area; at++) {
      const all = stack(g, image, at);
      for (const { tap, down, right } of taps) {
        const from = pixel(0, 0, Math.floor(at / side) + down, (at % side) + right);
        if (from < 0) continue;
        weightSum += all * columns[from];
        for (let out = 0; out < channels; out++) inputSum += g[(image * channels + out) * area + at] * kernels[out * 9 + tap];
      }
    }
  }
  return [
    { count: x.length, sum: inputSum, size: inputSum, samples: inputs },
    { count: w.length, sum: weightSum, size: weightSum, samples: weights },
  ];
}

/** The end of the chain, and the gradient of its sum: b to the number of links. */
export function links(count: number): Expectation[] {
  const [a, b] = chain.of(count);
  const end = Float64Array.from(a);
  for (let link = 0; link < chain.links; link++) for (let i = 0; i < count; i++) end[i] = end[i] * b[i] + b[i];
  return [digest(end), digest(Float64Array.from(b, (value) => value ** chain.links))];
}

/** The loss of the network of scalars and the gradients of its parameters, layer by layer. */
export function network(): Expectation[] {
  const { sizes, samples, targets } = scalars;
  const parameters = scalars.parameters();
  const gradients = new Float64Array(parameters.length);
  const starts = [0];
  for (const [layer, width] of sizes.entries()) starts.push(starts[layer] + (sizes[layer + 1] ?? 0) * (width + 1));
  let loss = 0;
  for (const [sample, x] of samples.entries()) {
    const values: number[][] = [[...x]];
    for (let layer = 0; layer + 1 < sizes.length; layer++)
      values.push(
        Array.from({ length: sizes[layer + 1] }, (_, neuron) => {
          const at = starts[layer] + neuron * (sizes[layer] + 1);
          return Math.tanh(add(values[layer].map((value, k) => value * parameters[at + k])) + parameters[at + sizes[layer]]);
        }),
      );
    const error = values[sizes.length - 1][0] - targets[sample];
    loss += error ** 2;
    let arriving = [2 * error];
    for (let layer = sizes.length - 2; layer >= 0; layer--) {
      const before = values[layer];
      const leaving = before.map(() => 0);
      for (const [neuron, g] of arriving.entries()) {
        const at = starts[layer] + neuron * (sizes[layer] + 1);
        const slope = g * (1 - values[layer + 1][neuron] ** 2);
        for (const [k, value] of before.entries()) {
          gradients[at + k] += slope * value;
          leaving[k] += slope * parameters[at + k];
        }
        gradients[at + sizes[layer]] += slope;
      }
      arriving = leaving;
    }
  }
  return [digest([loss]), digest(gradients)];
}
