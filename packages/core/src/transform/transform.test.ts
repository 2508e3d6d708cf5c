import { describe, expect, test } from "vitest";
import {
  checkpoint,
  customGrad,
  defineOp,
  detectAnomaly,
  Generator,
  grad,
  hessian,
  hvp,
  jacobian,
  jvp,
  manualSeed,
  Parameter,
  rand,
  randn,
  Tape,
  type Tensor,
  tensor,
  vjp,
  vmap,
} from "../index.ts";

const generator = new Generator(11);
const random = (...shape: number[]): Tensor => randn(shape, { dtype: "float64", generator });
const close = (a: Tensor, b: Tensor, digits = 9): void => {
  expect(a.shape).toEqual(b.shape);
  const [x, y] = [a.data(), b.data()];
  for (let i = 0; i < x.length; i++) expect(x[i]).toBeCloseTo(y[i], digits);
};

/** A function with elementwise operations, a product, views, a reduction, indexing and softmax. */
const w = random(4, 3);
const network = (x: Tensor): Tensor =>
  x
    .matmul(w)
    .tanh()
    .add(x.slice(null, [0, 3]))
    .softmax(1)
    .transpose(0, 1)
    .exp()
    .sum(0)
    .logSumExp();
const wide = (x: Tensor): Tensor =>
  x
    .matmul(w)
    .sigmoid()
    .mul(x.sum(1, { keepDim: true }))
    .reshape([-1]);

describe("derivatives", () => {
  const x = random(2, 4);
  const v = random(2, 4);

  test("jvp, vjp and jacobian agree with each other and with differences", () => {
    const J = jacobian(wide, x);
    expect(J.shape).toEqual([6, 2, 4]);
    const { value, tangent } = jvp(wide, [x], [v]);
    close(value, wide(x));
    close(tangent, J.mul(v).sum([1, 2]));
    const u = random(6);
    const { gradients } = vjp(wide, [x], u);
    close(gradients[0], J.mul(u.reshape([6, 1, 1])).sum(0));
    const h = 1e-6;
    close(
      tangent,
      wide(x.add(v.mul(h)))
        .sub(wide(x.sub(v.mul(h))))
        .div(2 * h),
      7,
    );
  });

  test("hvp is the hessian times the vector, in three ways", () => {
    const H = hessian(network, x);
    const product = hvp(network, x, v);
    close(product, H.mul(v).sum([2, 3]));
    const gradient = (at: Tensor): Tensor => vjp(network, [at], undefined, { createGraph: true }).gradients[0];
    close(jvp(gradient, [x], [v]).tangent, product);
    const directional = (at: Tensor): Tensor => jvp(network, [at], [v]).tangent;
    close(vjp(directional, [x]).gradients[0], product);
  });

  test.each<[string, (x: Tensor) => Tensor]>([
    ["softmax", (x) => x.softmax(1).square().sum()],
    ["logSoftmax", (x) => x.logSoftmax(0).square().sum()],
    ["crossEntropy", (x) => x.crossEntropy(tensor([1, 3], { dtype: "int32" }))],
    [
      "layerNorm",
      (x) =>
        x
          .layerNorm({ normalizedShape: [4] })
          .pow(3)
          .sum(),
    ],
    [
      "rmsNorm",
      (x) =>
        x
          .rmsNorm({ normalizedShape: [4] })
          .pow(3)
          .sum(),
    ],
    ["batchNorm", (x) => x.batchNorm({ training: true }).pow(3).sum()],
    ["norm", (x) => x.norm(1).pow(3).sum()],
  ])("forward mode follows a backward pass that is not recorded: %s", (_, fn) => {
    const gradient = (at: Tensor): Tensor => grad(fn(at), at);
    close(jvp((at) => gradient(at.requireGrad()), [x], [v]).tangent, hvp(fn, x, v));
  });

  test("forward over forward gives the second directional derivative", () => {
    const along = (at: Tensor): Tensor => jvp(network, [at], [v]).tangent;
    close(jvp(along, [x], [v]).tangent, hvp(network, x, v).mul(v).sum());
  });

  test("functions that ignore their input have derivative zero", () => {
    const constant = (_: Tensor): Tensor => tensor([1, 2], { dtype: "float64" });
    close(jvp(constant, [x], [v]).tangent, tensor([0, 0], { dtype: "float64" }));
    expect(jacobian(constant, x).abs().sum().item()).toBe(0);
    expect(hessian(() => tensor(3, { dtype: "float64" }), tensor([1], { dtype: "float64" })).toArray()).toEqual([[0]]);
  });

  test("bad arguments are refused", () => {
    expect(() => jvp(wide, [x], [random(2, 3)])).toThrow("jvp: tangent 0 has shape [2,3], its primal [2,4]");
    expect(() => hessian(wide, x)).toThrow("must give one number, it gave [6]; reduce it with sum or mean");
    expect(() => vmap(wide)(x, random(3))).toThrow("vmap: inputs must share the size of their leading dimension");
  });

  test("vmap is a loop with gradients", () => {
    const rows = vmap((row, other) => row.mul(other).sum());
    close(rows(x, v), x.mul(v).sum(1));
    const leaf = random(2, 4).requireGrad();
    rows(leaf, v).sum().backward();
    close(leaf.grad as Tensor, v);
  });
});

describe("checkpoint", () => {
  test("gives the same gradients, for parameters and random numbers too, at first and second order", () => {
    const run = (keep: boolean) => {
      manualSeed(4);
      const p = new Parameter(w);
      const x = tensor([[0.1, 0.2, -0.3, 0.5]], { dtype: "float64", requiresGrad: true });
      const block = (at: Tensor): Tensor =>
        at
          .mul(rand([1, 4], { dtype: "float64" }))
          .matmul(p)
          .tanh();
      const h = x.mul(2);
      const y = (keep ? block(h) : checkpoint(block, h)).square().sum();
      const [first] = grad(y, [x], { createGraph: true });
      const second = grad(first.square().sum(), [x, p], { retainGraph: true });
      y.backward();
      return [y, first, ...second, x.grad as Tensor, p.grad as Tensor].map((t) => t.detach());
    };
    const [plain, saved] = [run(true), run(false)];
    for (const [k, value] of plain.entries()) close(value, saved[k], 12);
  });

  test("saves nothing inside", () => {
    const x = random(2, 4).requireGrad();
    expect([...Tape.of(checkpoint(network, x))].map((entry) => entry.op)).toEqual(["leaf", "checkpoint"]);
  });
});

describe("custom gradients", () => {
  test("customGrad replaces the gradient", () => {
    const straightThrough = customGrad((x) => ({ value: x.round(), vjp: (g) => g }));
    const x = tensor([0.4, 1.6], { requiresGrad: true });
    const y = straightThrough(x);
    expect(y.toArray()).toEqual([0, 2]);
    y.sum().backward();
    expect(x.grad?.toArray()).toEqual([1, 1]);
  });

  test("defineOp makes an operation of one's own, differentiable again", () => {
    const cube = defineOp<null>({
      name: "cube",
      forward: ([x]) => (x as Tensor).mul(x).mul(x),
      saves: { inputs: [0], output: false },
      vjp: [(g, { inputs: [x] }) => g.mul((x as Tensor).square()).mul(3)],
    });
    const x = tensor(2, { dtype: "float64", requiresGrad: true });
    const first = grad(cube([x], null), x, { createGraph: true });
    expect([first.item(), grad(first, x).item()]).toEqual([12, 12]);
  });
});

describe("anomalies", () => {
  test("forward: names the operation, the line and the inputs", () => {
    const run = () => detectAnomaly(() => tensor([4, -1], { requiresGrad: true }).sqrt().sum());
    expect(run).toThrow(
      /detectAnomaly: sqrt made the first NaN, at position 1 of its output \[2\], called at .*transform\.test\.ts:\d+:\d+, from tensor\(\[ 4\., -1\.\]\)/,
    );
  });

  test("backward: names the operation that made it", () => {
    const run = () => detectAnomaly(() => tensor([0, 1], { requiresGrad: true }).sqrt().sum().backward());
    expect(run).toThrow(/the gradient of sqrt for input 0 is the first Infinity of the backward pass, at position 0; .*transform\.test\.ts/);
  });

  test("clean computations pass, and afterwards nothing is watched", () => {
    expect(detectAnomaly(() => tensor([4]).sqrt().item())).toBe(2);
    expect(tensor([-1]).sqrt().item()).toBeNaN();
  });
});

describe("reading the tape", () => {
  const x = tensor([0.5, 1], { dtype: "float64", requiresGrad: true });
  const y = x.tanh().mul(x).sum();

  test("backward steps can be walked in both directions and touch nothing", () => {
    const steps = Tape.of(y).backwardSteps(y);
    expect(steps.map(({ entry }) => entry.op)).toEqual(["sum", "mul", "tanh", "leaf"]);
    const [total] = steps.slice(-1);
    close(total.incoming, grad(y, x, { retainGraph: true }));
    expect(steps[2].entry.rules).toEqual(["g * (1 - y ** 2)"]);
    expect(x.grad).toBe(null);
  });

  test("diagrams and plain data", () => {
    const tape = Tape.of(y);
    expect(tape.toDot()).toContain('n0 [label="leaf [2]", shape=box]');
    expect(tape.toDot()).toContain("n1 -> n2;");
    expect(tape.toMermaid()).toContain('n1("tanh [2]")');
    expect(JSON.parse(JSON.stringify(tape))).toHaveLength(4);
  });

  test("post-accumulate hooks see the sum", () => {
    const leaf = tensor([1, 2], { requiresGrad: true });
    const seen: unknown[] = [];
    const stop = leaf.registerPostAccumulateGradHook((g) => seen.push(g.toArray()));
    leaf.mul(3).sum().backward();
    leaf.mul(3).sum().backward();
    stop();
    leaf.mul(3).sum().backward();
    expect(seen).toEqual([
      [3, 3],
      [6, 6],
    ]);
  });
});
