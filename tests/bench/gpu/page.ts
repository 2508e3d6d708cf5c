import "@tensorflow/tfjs-backend-webgl";
import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
import { crossEntropy, elementwise, Generator, Parameter, randint, randn, scope, type Tensor } from "@gradtape/core";
import { gpu } from "@gradtape/gpu";
import * as nn from "@gradtape/nn";
import * as optim from "@gradtape/optim";
import * as tf from "@tensorflow/tfjs-core";
import { residualStep } from "./residual.ts";
import { firstOf, firstOfTheirs, pairOf, type Workload } from "./workload.ts";

/** Times of one workload. */
export interface Timing {
  readonly name: string;
  /** Median milliseconds of one execution. */
  readonly ours: number;
  readonly theirs: number;
  /** `ours / theirs`: the median of the ratios of neighbouring rounds. */
  readonly ratio: number;
  readonly rounds: number;
}

const median = (list: readonly number[]): number => {
  const sorted = [...list].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

function measure({ name, times, ours, finishOurs, theirs, finishTheirs, check }: Workload, rounds: number): Timing {
  const time = (run: () => void, finish: () => void): number => {
    const start = performance.now();
    for (let k = 0; k < times; k++) run();
    finish();
    return (performance.now() - start) / times;
  };
  for (let k = 0; k < 2; k++) {
    time(ours, finishOurs);
    time(theirs, finishTheirs);
    check();
  }
  const pairs = Array.from({ length: rounds }, (_, k) => {
    // Who goes first changes, so that neither always finds the machine warmed by the other.
    if (k % 2 === 0) {
      const a = time(ours, finishOurs);
      return [a, time(theirs, finishTheirs)];
    }
    const b = time(theirs, finishTheirs);
    return [time(ours, finishOurs), b];
  });
  return { name, ours: median(pairs.map(([a]) => a)), theirs: median(pairs.map(([, b]) => b)), ratio: median(pairs.map(([a, b]) => a / b)), rounds };
}

async function workloads(): Promise<Workload[]> {
  await tf.setBackend("webgl");
  await tf.ready();
  const device = await gpu();
  const generator = new Generator(3);
  const list: Workload[] = [];

  for (const [size, times] of [
    [256, 10],
    [512, 3],
    [1024, 1],
  ]) {
    const [a, b] = [randn([size, size], { generator }), randn([size, size], { generator })];
    const [x, y] = [a.to(device), b.to(device)];
    const [u, v] = [tf.tensor2d(a.data() as Float32Array, [size, size]), tf.tensor2d(b.data() as Float32Array, [size, size])];
    let mine: Tensor | undefined;
    let its: tf.Tensor | undefined;
    list.push({
      name: `matmul ${size}`,
      times,
      ours: () => {
        mine?.dispose();
        mine = x.matmul(y);
      },
      finishOurs: () => void firstOf(mine as Tensor),
      theirs: () => {
        its?.dispose();
        its = tf.matMul(u, v);
      },
      finishTheirs: () => {
        firstOfTheirs(its as tf.Tensor);
      },
      check: () => void pairOf(its as tf.Tensor, mine as Tensor, `matmul ${size}`),
    });
  }

  {
    const million = randn([1000, 1000], { generator });
    const x = million.to(device);
    const u = tf.tensor2d(million.data() as Float32Array, [1000, 1000]);
    const steps = 10;
    const fused = elementwise("chain", `y = ${"((".repeat(steps)}x${" * 0.999) + 0.5)".repeat(steps)}`);
    let mine: Tensor | undefined;
    let its: tf.Tensor | undefined;
    const theirs = (): void => {
      its?.dispose();
      its = tf.tidy(() => {
        let y: tf.Tensor = u;
        for (let k = 0; k < steps; k++) y = tf.add(tf.mul(y, 0.999), 0.5);
        return y;
      });
    };
    const finish = {
      finishOurs: () => void firstOf(mine as Tensor),
      finishTheirs: () => {
        firstOfTheirs(its as tf.Tensor);
      },
      check: () => void pairOf(its as tf.Tensor, mine as Tensor, "chain"),
    };
    list.push(
      {
        name: "20 elementwise operations on 1M, one formula",
        times: 2,
        ours: () => {
          mine?.dispose();
          mine = fused(x);
        },
        theirs,
        ...finish,
      },
      {
        name: "20 elementwise operations on 1M, one by one",
        times: 2,
        ours: () => {
          mine?.dispose();
          mine = scope(() => {
            let y = x;
            for (let k = 0; k < steps; k++) y = y.mul(0.999).add(0.5);
            return y;
          });
        },
        theirs,
        ...finish,
      },
      {
        // A row of every result is added up, so that each one must be there.
        name: "20 elementwise operations on 1M, each result looked at",
        times: 2,
        ours: () => {
          mine?.dispose();
          mine = scope(() => {
            let y = x;
            let rows = x.narrow(0, 0, 1);
            const see = (): void => void (rows = rows.add(y.narrow(0, 0, 1)));
            for (let k = 0; k < steps; k++) {
              y = y.mul(0.999);
              see();
              y = y.add(0.5);
              see();
            }
            return rows;
          });
        },
        theirs: () => {
          its?.dispose();
          its = tf.tidy(() => {
            let y: tf.Tensor2D = u;
            let rows = tf.slice(y, [0, 0], [1, 1000]);
            const see = (): void => void (rows = tf.add(rows, tf.slice(y, [0, 0], [1, 1000])));
            for (let k = 0; k < steps; k++) {
              y = tf.mul(y, 0.999);
              see();
              y = tf.add(y, 0.5);
              see();
            }
            return rows;
          });
        },
        ...finish,
      },
    );
  }

  {
    const start = randn([1000, 1000], { generator });
    const slope = randn([1000, 1000], { generator });
    const parameter = new Parameter(start.to(device));
    const optimizer = new optim.Adam([parameter], { lr: 1e-3 });
    const gradient = slope.to(device);
    const w = tf.variable(tf.tensor2d(start.data() as Float32Array, [1000, 1000]), true, "w");
    const g = tf.tensor2d(slope.data() as Float32Array, [1000, 1000]);
    const adam = tf.train.adam(1e-3);
    list.push({
      name: "Adam update of 1M parameters",
      times: 2,
      ours: () => {
        parameter.grad = gradient;
        optimizer.step();
      },
      finishOurs: () => void firstOf(parameter.detach()),
      theirs: () => void adam.applyGradients([{ name: "w", tensor: g }]),
      finishTheirs: () => {
        firstOfTheirs(w);
      },
      check: () => void pairOf(w, parameter.detach(), "Adam", 1e-4),
    });
  }

  for (const batch of [32, 256]) {
    const sizes = [784, 256, 128, 10];
    const layers = sizes.slice(1).map((out, k) => new nn.Linear(sizes[k], out, { generator }));
    const model = new nn.Sequential(layers[0], new nn.ReLU(), layers[1], new nn.ReLU(), layers[2]);
    const weights = layers.map((layer, k) => ({
      w: tf.variable(tf.transpose(tf.tensor2d(layer.weight.data() as Float32Array, [sizes[k + 1], sizes[k]])) as tf.Tensor2D, true),
      b: tf.variable(tf.tensor1d((layer.bias as Parameter).data() as Float32Array), true),
    }));
    model.to(device);
    // The eps of TensorFlow.js, so that both take the same steps.
    const optimizer = new optim.Adam(model.parameters(), { lr: 3e-4, eps: 1e-7 });
    const adam = tf.train.adam(3e-4, 0.9, 0.999, 1e-7);
    const images = randn([batch, 784], { generator });
    const labels = randint(0, 10, [batch], { generator });
    const pixels = images.data() as Float32Array;
    const classes = Int32Array.from(labels.data());
    let mine: Tensor | undefined;
    let its: tf.Scalar | undefined;
    list.push({
      name: `training step of the lesson's network, batch ${batch}`,
      times: batch === 32 ? 10 : 4,
      ours: () => {
        mine?.dispose();
        const [x, y] = [images.to(device), labels.to(device)];
        const loss = crossEntropy(model.forward(x), y);
        optimizer.zeroGrad();
        loss.backward();
        optimizer.step();
        x.dispose();
        y.dispose();
        mine = loss;
      },
      finishOurs: () => void (mine as Tensor).item(),
      theirs: () => {
        its?.dispose();
        const [x, y] = tf.tidy(() => [tf.tensor2d(pixels, [batch, 784]), tf.oneHot(tf.tensor1d(classes, "int32"), 10)]);
        its = adam.minimize(
          () => {
            let h: tf.Tensor = x;
            weights.forEach(({ w, b }, k) => {
              h = tf.add(tf.matMul(h as tf.Tensor2D, w as tf.Tensor2D), b);
              if (k < 2) h = tf.relu(h);
            });
            return tf.losses.softmaxCrossEntropy(y, h) as tf.Scalar;
          },
          true,
          weights.flatMap(({ w, b }) => [w, b] as tf.Variable[]),
        ) as tf.Scalar;
        x.dispose();
        y.dispose();
      },
      finishTheirs: () => {
        (its as tf.Scalar).dataSync();
      },
      check: () => void pairOf(its as tf.Scalar, mine as Tensor, `training, batch ${batch}`),
    });
  }
  list.push(residualStep(device, generator));
  return list;
}

let prepared: Promise<Workload[]> | undefined;

/** Names of the workloads. */
async function names(): Promise<string[]> {
  return (await (prepared ??= workloads())).map(({ name }) => name);
}

/** Measures one workload. */
async function run(name: string, rounds: number): Promise<Timing> {
  const workload = (await (prepared ??= workloads())).find((each) => each.name === name);
  if (workload === undefined) throw new Error(`no workload is named ${name}`);
  return measure(workload, rounds);
}

/** What computes. */
async function machine(): Promise<{ renderer: string; browser: string; tfjs: string }> {
  const device = await gpu();
  const { renderer } = device.adapter;
  device.adapter.destroy();
  return { renderer, browser: navigator.userAgent, tfjs: tf.version_core };
}

Object.assign(globalThis, { suite: { names, run, machine } });
