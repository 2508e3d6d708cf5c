// TensorFlow.js with its WebAssembly backend as a peer of the benchmark. JavaScript, because its types are installed only with the benchmark.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { batches, chain, lesson, matrices, operands, scalars, update } from "../inputs.ts";
import { serve } from "../serve.ts";

console.log = console.warn = () => {};
const require = createRequire(import.meta.url);
const tf = require("@tensorflow/tfjs");
const wasm = require("@tensorflow/tfjs-backend-wasm");
wasm.setWasmPaths(join(dirname(require.resolve("@tensorflow/tfjs-backend-wasm")), "/"));
await tf.setBackend("wasm");
tf.enableProdMode();

function step(batch) {
  const data = batches(batch).map(({ images, labels }) => ({
    images: tf.tensor2d(images, [batch, 784]),
    labels: tf.oneHot(tf.tensor1d(labels, "int32"), 10).toFloat(),
  }));
  const start = [0, 1, 2].flatMap((k) => {
    const { weight, bias } = lesson.layer(k);
    return [tf.tidy(() => tf.tensor2d(weight, [lesson.sizes[k + 1], lesson.sizes[k]]).transpose()), tf.tensor1d(bias)];
  });
  const p = start.map((values) => tf.variable(values.clone()));
  const loss = (x, y) => {
    const h1 = tf.fused.matMul({ a: x, b: p[0], bias: p[1], activation: "relu" });
    const h2 = tf.fused.matMul({ a: h1, b: p[2], bias: p[3], activation: "relu" });
    return tf.losses.softmaxCrossEntropy(y, tf.fused.matMul({ a: h2, b: p[4], bias: p[5] }));
  };
  let optimizer;
  let at = 0;
  const minimize = (returnCost) => {
    const { images, labels } = data[at++ % data.length];
    return optimizer.minimize(() => loss(images, labels), returnCost, p);
  };
  return {
    run: () => void tf.tidy(() => void minimize(false)),
    reset() {
      for (const [k, variable] of p.entries()) variable.assign(start[k]);
      optimizer?.dispose();
      optimizer = tf.train.adam(lesson.lr, 0.9, 0.999, 1e-8);
      at = 0;
    },
    most: 200,
    steps: lesson.steps,
    outputs: () => [Array.from({ length: lesson.steps }, () => tf.tidy(() => minimize(true).dataSync()[0]))],
    dispose() {
      optimizer?.dispose();
      tf.dispose([p, start, data]);
    },
  };
}

/** A workload whose run is a function of inputs that stay. */
const pure = (inputs, f) => ({
  run: () => f(...inputs).dispose(),
  outputs: () => [tf.tidy(() => f(...inputs).dataSync())],
  dispose: () => tf.dispose(inputs),
});

const matmul = (n) =>
  pure(
    matrices(n).map((values) => tf.tensor2d(values, [n, n])),
    (a, b) => tf.matMul(a, b),
  );

const map = (f) =>
  pure(
    operands(1_000_000).map((values) => tf.tensor1d(values)),
    f,
  );

const formula = () => map((a, b) => tf.tidy(() => tf.relu(tf.exp(tf.mul(tf.add(a, b), b)))));

function adam(count) {
  const [start, g] = update.of(count).map((values) => tf.tensor1d(values));
  const p = tf.variable(start.clone());
  let optimizer;
  const run = () => void tf.tidy(() => optimizer.applyGradients({ [p.name]: g }));
  return {
    run,
    reset() {
      p.assign(start);
      optimizer?.dispose();
      optimizer = tf.train.adam(lesson.lr, 0.9, 0.999, 1e-8);
    },
    steps: update.steps,
    outputs() {
      for (let t = 0; t < update.steps; t++) run();
      return [p.dataSync()];
    },
    dispose() {
      optimizer?.dispose();
      tf.dispose([p, start, g]);
    },
  };
}

function links(count) {
  const [a, b] = chain.of(count).map((values) => tf.tensor1d(values));
  const end = (start) => {
    let t = start;
    for (let link = 0; link < chain.links; link++) t = tf.add(tf.mul(t, b), b);
    return t;
  };
  const gradient = tf.grad((t) => end(t).sum());
  return {
    run: () => void tf.tidy(() => void gradient(a)),
    outputs: () => tf.tidy(() => [end(a).dataSync(), gradient(a).dataSync()]),
    dispose: () => tf.dispose([a, b]),
  };
}

function network() {
  const parameters = Array.from(scalars.parameters(), (value) => tf.scalar(value));
  const predict = (p, sample) => {
    let at = 0;
    let x = sample;
    for (const size of scalars.sizes.slice(1)) {
      const [start, before] = [at, x];
      const neuron = (from) => tf.tanh(before.reduce((sum, value, k) => tf.add(sum, tf.mul(p[from + k], value)), p[from + before.length]));
      x = Array.from({ length: size }, (_, k) => neuron(start + k * (before.length + 1)));
      at += size * (before.length + 1);
    }
    return x[0];
  };
  const loss = (...p) =>
    scalars.samples.map((sample, k) => tf.square(tf.sub(predict(p, sample), scalars.targets[k]))).reduce((sum, error) => tf.add(sum, error));
  const gradients = tf.valueAndGrads(loss);
  return {
    run: () => void tf.tidy(() => void gradients(parameters)),
    outputs: () =>
      tf.tidy(() => {
        const { value, grads } = gradients(parameters);
        return [value.dataSync(), grads.map((g) => g.dataSync()[0])];
      }),
    dispose: () => tf.dispose(parameters),
  };
}

const jobs = {
  ...Object.fromEntries([1, 32, 256].map((batch) => [`lesson-${batch}`, () => step(batch)])),
  ...Object.fromEntries([64, 256, 512, 1024].map((n) => [`matmul-${n}`, () => matmul(n)])),
  add: () => map((a, b) => tf.add(a, b)),
  relu: () => map((a) => tf.relu(a)),
  exp: () => map((a) => tf.exp(a)),
  fused: formula,
  unfused: formula,
  "adamw-1M": () => adam(1_000_000),
  "adamw-10M": () => adam(10_000_000),
  conv: "no kernel for the gradient of a convolution's weight",
  "chain-16": () => links(16),
  "chain-1": () => links(1),
  scalars: network,
};

await serve(jobs, { ready: `TensorFlow.js ${tf.version.tfjs} wasm, Node ${process.versions.node}`, optimizer: "Adam" });
