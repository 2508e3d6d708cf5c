// jax-js with its WebAssembly backend as a peer of the benchmark, each workload jitted: tracing and compiling are not timed.
// JavaScript, because its types are installed only with the benchmark.
import * as jax from "@jax-js/jax";
import { batches, chain, convolution, lesson, matrices, operands, scalars, update } from "../inputs.ts";
import { serve } from "../serve.ts";

const { numpy: np, nn, jit, grad, valueAndGrad } = jax;
jax.defaultDevice("wasm");

const array = (values, shape = [values.length]) => np.array(values).reshape(shape);
const release = (arrays) => {
  for (const each of arrays) each.dispose();
};
const done = (...arrays) => Promise.all(arrays.map((values) => values.blockUntilReady()));

/** A jitted workload whose run is a function of inputs that stay; `f` returns a list of arrays and consumes what it gets. */
function pure(inputs, f, shown = (outputs) => outputs) {
  const compiled = jit(f);
  const compute = async () => {
    const outputs = compiled(...inputs.map((input) => input.ref));
    await done(...outputs);
    return outputs;
  };
  return {
    async run() {
      release(await compute());
    },
    outputs: async () => shown(await Promise.all((await compute()).map((output) => output.data()))),
    dispose: () => release(inputs),
  };
}

/** One tensor's AdamW; `rates` are those of the step, which would otherwise be compiled in. Consumes p, m, v, g. */
function adamw(p, m, v, g, { stepSize, root }) {
  const newM = m.mul(0.9).add(g.ref.mul(0.1));
  const newV = v.mul(0.999).add(g.ref.mul(g).mul(0.001));
  const change = newM.ref.div(np.sqrt(newV.ref).mul(root.ref).add(1e-8)).mul(stepSize.ref);
  return [p.mul(1 - lesson.lr * lesson.weightDecay).sub(change), newM, newV];
}

const rates = (t) => ({ stepSize: np.array(lesson.lr / (1 - 0.9 ** t)), root: np.array(1 / Math.sqrt(1 - 0.999 ** t)) });

function step(batch) {
  const data = batches(batch).map(({ images, labels }) => {
    const hot = new Float32Array(batch * 10);
    for (const [row, label] of labels.entries()) hot[row * 10 + label] = 1;
    return { images: array(images, [batch, 784]), labels: array(hot, [batch, 10]) };
  });
  const loss = (p, x, y) => {
    const h1 = nn.relu(np.matmul(x, p[0]).add(p[1]));
    const h2 = nn.relu(np.matmul(h1, p[2]).add(p[3]));
    return np.sum(nn.logSoftmax(np.matmul(h2, p[4]).add(p[5])).mul(y)).mul(-1 / batch);
  };
  const train = jit((p, m, v, now, x, y) => {
    const gradients = (parameters) => valueAndGrad(loss)(parameters, x, y);
    const [value, g] = gradients(p.map((tensor) => tensor.ref));
    const updated = p.map((tensor, k) => adamw(tensor, m[k], v[k], g[k], now));
    release(Object.values(now));
    return [value, ...[0, 1, 2].map((part) => updated.map((tensors) => tensors[part]))];
  });
  let state = [];
  let t = 0;
  const free = () => release(state.flat());
  const run = async () => {
    const { images, labels } = data[t++ % data.length];
    const [value, ...next] = train(...state, rates(t), images.ref, labels.ref);
    state = next;
    await done(value, ...state.flat());
    return (await value.data())[0];
  };
  const reset = () => {
    free();
    const p = [0, 1, 2].flatMap((k) => {
      const { weight, bias } = lesson.layer(k);
      return [array(weight, [lesson.sizes[k + 1], lesson.sizes[k]]).transpose(), array(bias)];
    });
    state = [p, ...[0, 1].map(() => p.map((tensor) => np.zeros(tensor.shape)))];
    t = 0;
  };
  const outputs = async () => {
    const losses = [];
    for (let k = 0; k < lesson.steps; k++) losses.push(await run());
    return [losses];
  };
  const dispose = () => {
    free();
    for (const batch of data) release(Object.values(batch));
  };
  return { run, reset, most: 200, steps: lesson.steps, outputs, dispose };
}

function updates(count) {
  const [start, gradient] = update.of(count);
  const g = array(gradient);
  const advance = jit((p, m, v, now, arriving) => {
    const updated = adamw(p, m, v, arriving, now);
    release(Object.values(now));
    return updated;
  });
  let state = [];
  let t = 0;
  const run = async () => {
    state = advance(...state, rates(++t), g.ref);
    await done(...state);
  };
  const free = () => release(state);
  return {
    run,
    reset() {
      free();
      state = [array(start), np.zeros([count]), np.zeros([count])];
      t = 0;
    },
    steps: update.steps,
    async outputs() {
      for (let k = 0; k < update.steps; k++) await run();
      return [await state[0].ref.data()];
    },
    dispose() {
      free();
      g.dispose();
    },
  };
}

const matmul = (n) =>
  pure(
    matrices(n).map((values) => array(values, [n, n])),
    (a, b) => [np.matmul(a, b)],
  );

const map = (f) =>
  pure(
    operands(1_000_000).map((values) => array(values)),
    (a, b) => [f(a, b)],
  );

const first = (f) =>
  map((a, b) => {
    b.dispose();
    return f(a);
  });

const formula = () => map((a, b) => nn.relu(np.exp(a.add(b.ref).mul(b))));

function conv() {
  const { batch, channels, side } = convolution;
  const [x, w, g] = convolution.of();
  const shape = [batch, channels, side, side];
  const inputs = [array(x, shape), array(w, [channels, channels, 3, 3]), array(g, shape)];
  const product = ([image, weight], arriving) => np.sum(jax.lax.conv(image, weight, [1, 1], "SAME").mul(arriving));
  return pure(inputs, (image, weight, arriving) => grad(product)([image, weight], arriving));
}

function links(count) {
  const inputs = chain.of(count).map((values) => array(values));
  const sum = (start, b) => {
    let t = start;
    for (let link = 0; link < chain.links; link++) t = t.mul(b.ref).add(b.ref);
    b.dispose();
    return [t.ref.sum(), t];
  };
  return pure(inputs, (a, b) => {
    const [[, end], gradient] = valueAndGrad(sum, { hasAux: true })(a, b);
    return [end, gradient];
  });
}

function network() {
  const inputs = Array.from(scalars.parameters(), (value) => np.array(value));
  const predict = (p, sample) => {
    let at = 0;
    let x = sample;
    for (const size of scalars.sizes.slice(1)) {
      const [start, before] = [at, x];
      const neuron = (from) =>
        np.tanh(before.reduce((sum, value, k) => sum.add(p[from + k].ref.mul(value.ref ?? value)), p[from + before.length].ref));
      x = Array.from({ length: size }, (_, k) => neuron(start + k * (before.length + 1)));
      for (const value of before) value.dispose?.();
      at += size * (before.length + 1);
    }
    return x[0];
  };
  const loss = (p) => {
    const errors = scalars.samples.map((sample, k) => np.square(predict(p, sample).sub(scalars.targets[k])));
    release(p);
    return errors.reduce((sum, error) => sum.add(error));
  };
  return pure(
    inputs,
    (...p) => {
      const [value, gradients] = valueAndGrad(loss)(p);
      return [value, ...gradients];
    },
    ([value, ...gradients]) => [value, gradients.map(([g]) => g)],
  );
}

const jobs = {
  ...Object.fromEntries([1, 32, 256].map((batch) => [`lesson-${batch}`, () => step(batch)])),
  ...Object.fromEntries([64, 256, 512, 1024].map((n) => [`matmul-${n}`, () => matmul(n)])),
  add: () => map((a, b) => a.add(b)),
  relu: () => first((a) => nn.relu(a)),
  exp: () => first((a) => np.exp(a)),
  fused: formula,
  unfused: formula,
  "adamw-1M": () => updates(1_000_000),
  "adamw-10M": () => updates(10_000_000),
  conv: Number(process.versions.node.split(".")[0]) < 22 ? "half a minute a run; timed on Node 24" : conv,
  "chain-16": () => links(16),
  "chain-1": () => links(1),
  scalars: network,
};

await serve(jobs, { ready: `jax-js wasm jit, Node ${process.versions.node}` });
