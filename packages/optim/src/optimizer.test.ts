import { Parameter, type Tensor, tensor } from "@gradtape/core";
import { describe, expect, test } from "vitest";
import { norm } from "./measure.ts";
import { Optimizer, type OptimizerStateDict } from "./optimizer.ts";
import { rule } from "./rule.ts";
import { Adafactor, Adam, AdamW, ASGD, LAMB, LARS, LBFGS, Muon, Rprop, SGD, SparseAdam } from "./rules/index.ts";

const parameter = (values: number[] = [1, 2, 3]): Parameter => new Parameter(tensor(values, { dtype: "float64" }));
const withGradient = (p: Parameter, gradient: number[] = [1, 1, 1]): Parameter => {
  p.grad = tensor(gradient, { dtype: "float64", shape: p.shape });
  return p;
};

describe("options", () => {
  test("an unknown one is refused, and the nearest suggested", () => {
    expect(() => new AdamW([parameter()], { weigthDecay: 0.1 } as object)).toThrow(
      'AdamW: unknown option "weigthDecay"; did you mean "weightDecay"?',
    );
    expect(() => new SGD([{ params: [parameter()], momentun: 0.9 } as never])).toThrow('did you mean "momentum"?');
  });

  test.each<[string, () => unknown, string]>([
    ["negative lr", () => new SGD([parameter()], { lr: -1 }), "SGD: lr must be a number of at least 0, got -1"],
    ["NaN lr", () => new SGD([parameter()], { lr: Number.NaN }), "got NaN"],
    ["lr of text", () => new SGD([parameter()], { lr: "0.1" as unknown as number }), 'SGD: lr must be a number, got "0.1"'],
    ["beta of 1", () => new Adam([parameter()], { betas: [0.9, 1] }), "Adam: betas must be at least 0 and below 1, got [0.9, 1]"],
    ["one beta", () => new Adam([parameter()], { betas: [0.9] as unknown as [number, number] }), "Adam: betas must be 2 numbers, got [0.9]"],
    ["a number for a switch", () => new Adam([parameter()], { amsgrad: 1 as unknown as boolean }), "Adam: amsgrad must be true or false, got 1"],
    ["nesterov without momentum", () => new SGD([parameter()], { nesterov: true }), "nesterov needs momentum"],
    ["etas on one side", () => new Rprop([parameter()], { etas: [1.1, 1.2] }), "one factor below 1"],
    ["an unknown word", () => new LARS([parameter()], { variant: "moco" as "mae" }), 'LARS: variant must be "paper" or "mae", got "moco"'],
    ["null where there is none", () => new SGD([parameter()], { lr: null as unknown as number }), "SGD: lr must be a number, got null"],
    ["half an iteration", () => new LBFGS([parameter()], { maxIter: 1.5 }), "LBFGS: maxIter must be an integer of at least 1"],
    ["a tensor, not differentiable", () => new SGD([parameter()], { lr: tensor(0.1) }), "{ differentiable: true }"],
    [
      "a vector for a number",
      () => new SGD([parameter()], { lr: tensor([0.1, 0.2]), differentiable: true }),
      "a tensor of one element, got one of 2",
    ],
    ["a vector for Muon", () => new Muon([parameter()]), "Muon: a parameter has shape [3]; it orthogonalizes matrices"],
    ["differentiable LBFGS", () => new LBFGS([parameter()], { differentiable: true } as object), "cannot be differentiated"],
  ])("%s", (_, make, message) => {
    expect(make).toThrow(message);
  });

  test("null is allowed where it means something", () => {
    expect(new LAMB([parameter()], { clampValue: null }).defaults.clampValue).toBeNull();
    expect(new Adafactor([parameter()], { eps: [null, 0.1] }).defaults.eps).toEqual([null, 0.1]);
  });

  test("an option that became invalid stops the step before anything moves", () => {
    const [a, b] = [withGradient(parameter()), withGradient(parameter())];
    const optimizer = new SGD([{ params: [a] }, { params: [b] }], { lr: 0.1 });
    optimizer.paramGroups[1].lr = Number.NaN;
    expect(() => optimizer.step()).toThrow("SGD: lr must be");
    expect([a.toArray(), b.toArray()]).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });

  test("lr is changed by assignment; a step with lr 0 moves nothing but learns its moments", () => {
    const p = withGradient(parameter());
    const optimizer = new Adam([p], { lr: 0 });
    optimizer.step();
    expect(p.toArray()).toEqual([1, 2, 3]);
    expect((optimizer.stateOf(p).m as Tensor).toArray()).toEqual([expect.closeTo(0.1, 12), expect.closeTo(0.1, 12), expect.closeTo(0.1, 12)]);
    optimizer.paramGroups[0].lr = 0.1;
    optimizer.step();
    expect(p.toArray()).toEqual([0.9, 1.9, 2.9].map((x) => expect.closeTo(x, 6)));
  });
});

describe("parameters", () => {
  test.each<[string, () => unknown, string]>([
    ["none", () => new SGD([]), "no parameters"],
    ["nothing", () => new SGD(undefined as never), "expected parameters, got undefined"],
    ["a tensor", () => new SGD([tensor([1]) as unknown as Parameter]), "a plain tensor"],
    ["a number", () => new SGD([1 as unknown as Parameter]), "no parameter but number"],
  ])("%s is refused", (_, make, message) => {
    expect(make).toThrow(message);
  });

  test("one twice, or in two groups, is refused and changes nothing", () => {
    const p = parameter();
    expect(() => new SGD([p, p])).toThrow("is already there");
    expect(() => new SGD([{ params: [p] }, { params: [p] }])).toThrow("SGD: parameter 0 of group 1, of shape [3], is already there");
    const optimizer = new SGD([p]);
    expect(() => optimizer.addParamGroup({ params: [parameter(), p] })).toThrow("is already there");
    expect(optimizer.paramGroups).toHaveLength(1);
  });

  test("named ones are called by their names", () => {
    const p = withGradient(parameter());
    const optimizer = new SGD([["fc1.bias", p]], { lr: 0.1 });
    expect(optimizer.explain(p).toString()).toMatch(/^fc1\.bias\[0\], step 1: gradient 1\n/);
  });

  test("one without a gradient stays, with its step count", () => {
    const [a, b] = [withGradient(parameter()), parameter()];
    const optimizer = new AdamW([a, b], { weightDecay: 0.5 });
    optimizer.step();
    expect(b.toArray()).toEqual([1, 2, 3]);
    expect(optimizer.stateOf(b)).toEqual({});
    expect(optimizer.stateOf(a).step).toBe(1);
  });

  test("an empty one and one number are updated", () => {
    const [none, one] = [parameter([]), new Parameter(tensor(2, { dtype: "float64" }))];
    none.grad = none.detach();
    one.grad = tensor(1, { dtype: "float64" });
    new LAMB([none, one], { lr: 0.5 }).step();
    expect(none.toArray()).toEqual([]);
    expect(one.item()).toBeCloseTo(1, 12);
  });
});

describe("hooks and closures", () => {
  test("hooks run around the step until they are removed", () => {
    const p = withGradient(parameter());
    const optimizer = new SGD([p], { lr: 0.1 });
    const seen: string[] = [];
    const remove = optimizer.registerStepPreHook(({ name }) => void seen.push(`before ${name} ${p.item === undefined ? "" : p.toArray()}`));
    optimizer.registerStepPostHook(() => void seen.push(`after ${p.toArray()}`));
    optimizer.step();
    remove();
    optimizer.step();
    expect(seen).toEqual(["before SGD 1,2,3", "after 0.9,1.9,2.9", "after 0.8,1.7999999999999998,2.8"]);
  });

  test("a closure's loss is returned", () => {
    const p = parameter();
    const optimizer = new SGD([p], { lr: 0.1 });
    const closure = (): Tensor => {
      optimizer.zeroGrad();
      const loss = p.square().sum();
      loss.backward();
      return loss;
    };
    expect(optimizer.step(closure)).toBe(14);
    expect(p.toArray()).toEqual([0.8, 1.6, 2.4].map((x) => expect.closeTo(x, 12)));
  });

  test("LBFGS needs one, and one group", () => {
    expect(() => new LBFGS([parameter()]).step()).toThrow("LBFGS: step needs a closure");
    expect(() => new LBFGS([{ params: [parameter()] }, { params: [parameter()] }])).toThrow("LBFGS: all parameters move together");
    const p = withGradient(parameter());
    expect(() => new LBFGS([p]).explain(p)).toThrow("explain is for rules with a formula");
  });
});

describe("saved state", () => {
  const trained = (): { optimizer: Adam; p: Parameter; saved: OptimizerStateDict } => {
    const p = withGradient(parameter());
    const optimizer = new Adam([p], { lr: 0.1 });
    optimizer.step();
    return { optimizer, p, saved: optimizer.stateDict() };
  };

  test("is a copy", () => {
    const { optimizer, saved } = trained();
    const before = (saved.state[0].m as Tensor).toArray();
    optimizer.step();
    expect((saved.state[0].m as Tensor).toArray()).toEqual(before);
  });

  test.each<[string, (saved: OptimizerStateDict) => unknown, string]>([
    ["nothing", () => undefined, "Adam: this is the state of no optimizer"],
    ["another optimizer", (saved) => ({ ...saved, optimizer: "SGD" }), "Adam: this is the state of SGD"],
    ["other groups", (saved) => ({ ...saved, paramGroups: [...saved.paramGroups, ...saved.paramGroups] }), "the saved groups hold [1, 1] parameters"],
    ["another shape", (saved) => ({ ...saved, state: { 0: { ...saved.state[0], v: tensor([1, 2]) } } }), "v has shape [2], here it has [3]"],
    ["an unknown entry", (saved) => ({ ...saved, state: { 0: { ...saved.state[0], buffer: tensor([1, 2, 3]) } } }), 'unknown entry "buffer"'],
    ["no step", (saved) => ({ ...saved, state: { 0: { m: saved.state[0].m, v: saved.state[0].v } } }), "has no step count"],
    ["half a state", (saved) => ({ ...saved, state: { 0: { step: 1, m: saved.state[0].m } } }), "misses v"],
    ["a stray parameter", (saved) => ({ ...saved, state: { ...saved.state, 7: saved.state[0] } }), "has a parameter 7"],
    ["an invalid option", (saved) => ({ ...saved, paramGroups: [{ ...saved.paramGroups[0], lr: -1 }] }), "lr must be"],
    ["a missing option", (saved) => ({ ...saved, paramGroups: [{ params: [0], lr: 1 }] }), "misses betas"],
  ])("%s is refused, and nothing changes", (_, change, message) => {
    const { optimizer, saved } = trained();
    const before = optimizer.stateDict();
    expect(() => optimizer.loadStateDict(change(saved) as OptimizerStateDict)).toThrow(message);
    expect(optimizer.stateDict()).toEqual(before);
  });

  test("forgets what the saved optimizer did not have", () => {
    const { optimizer, p } = trained();
    optimizer.loadStateDict(new Adam([parameter()], { lr: 0.5 }).stateDict());
    expect(optimizer.stateOf(p)).toEqual({});
    expect(optimizer.paramGroups[0].lr).toBe(0.5);
  });

  test("takes the dtype of the parameter", () => {
    const { saved } = trained();
    const p = new Parameter([1, 2, 3]);
    const optimizer = new Adam([p]);
    optimizer.loadStateDict(saved);
    expect((optimizer.stateOf(p).m as Tensor).dtype).toBe("float32");
  });

  test("LBFGS goes on exactly", () => {
    const start = [-1.2, 1, 0.5];
    const rosenbrock = (x: Tensor): Tensor =>
      x
        .slice([0, -1])
        .square()
        .sub(x.slice([1, null]))
        .square()
        .mul(10)
        .add(x.slice([0, -1]).sub(1).square())
        .sum();
    for (const lineSearchFn of ["strong_wolfe", null] as const) {
      const run = (p: Parameter, optimizer: LBFGS, steps: number): void => {
        for (let k = 0; k < steps; k++)
          optimizer.step(() => {
            optimizer.zeroGrad();
            const loss = rosenbrock(p);
            loss.backward();
            return loss;
          });
      };
      const options = { lr: lineSearchFn === null ? 0.01 : 1, maxIter: 3, historySize: 2, lineSearchFn };
      const p = parameter(start);
      const optimizer = new LBFGS([p], options);
      run(p, optimizer, 4);
      const copy = parameter([...p.data()]);
      const resumed = new LBFGS([copy], options);
      resumed.loadStateDict(optimizer.stateDict());
      run(p, optimizer, 4);
      run(copy, resumed, 4);
      expect(copy.data()).toEqual(p.data());
      expect(resumed.stateOf(copy)).toEqual(optimizer.stateOf(p));
      const saved = optimizer.stateDict();
      expect(() => resumed.loadStateDict({ ...saved, state: { 0: { ...saved.state[0], gradient: tensor([1]) } } })).toThrow(
        "gradient is no vector over all 3",
      );
    }
  });
});

test("LBFGS finds the minimum of Rosenbrock's function in a few steps", () => {
  const p = parameter([-1.2, 1]);
  const optimizer = new LBFGS([p], { lineSearchFn: "strong_wolfe" });
  for (let k = 0; k < 4; k++)
    optimizer.step(() => {
      optimizer.zeroGrad();
      const [x, y] = [p.slice(0), p.slice(1)];
      const loss = y.sub(x.square()).square().mul(100).add(x.sub(1).square());
      loss.backward();
      return loss;
    });
  expect(p.toArray()).toEqual([expect.closeTo(1, 4), expect.closeTo(1, 4)]);
});

test("ASGD keeps the average", () => {
  const p = parameter([0, 0, 0]);
  const optimizer = new ASGD([p], { lr: 1, lambd: 0, t0: 1 });
  const seen: number[] = [];
  for (let k = 0; k < 4; k++) {
    withGradient(p, [1, 1, 1]);
    optimizer.step();
    seen.push(p.data()[0]);
  }
  expect(seen).toEqual([-1, -2, -3, -4]);
  expect((optimizer.stateOf(p).ax as Tensor).data()[0]).toBe(-3.5);
});

test("SparseAdam leaves rows without gradient alone", () => {
  const p = new Parameter(
    tensor(
      [
        [1, 1],
        [2, 2],
        [3, 3],
      ],
      { dtype: "float64" },
    ),
  );
  const optimizer = new SparseAdam([p], { lr: 0.1 });
  for (const rows of [
    [
      [1, 0],
      [0, 0],
      [2, 1],
    ],
    [
      [0, 0],
      [0, 0],
      [1, 1],
    ],
  ]) {
    p.grad = tensor(rows, { dtype: "float64" });
    optimizer.step();
  }
  const m = (optimizer.stateOf(p).m as Tensor).toArray() as number[][];
  expect((p.toArray() as number[][])[1]).toEqual([2, 2]);
  expect((p.toArray() as number[][])[0][1]).toBe(1);
  expect(m[0]).toEqual([expect.closeTo(0.1, 12), 0]);
  expect(m[1]).toEqual([0, 0]);
});

describe("rules of one's own", () => {
  const lr = { lr: 0.1 };
  test.each<[string, () => unknown, string]>([
    [
      "a name that nothing gives",
      () => rule("Mine", { options: lr }, "p = p - rate * g"),
      "rule Mine: rate is neither p, g, t, a state, a measure nor an option",
    ],
    ["a name given twice", () => rule("Mine", { options: lr, state: { lr: 0 } }, "p = p - lr * g"), "rule Mine: the name lr is given twice"],
    ["a start that is no option", () => rule("Mine", { options: lr, state: { m: "rate" } }, "p = p - m"), "state starts from rate"],
    ["a result that is no state", () => rule("Mine", { options: lr, results: ["ax"] }, "p = p - lr * g"), "ax is listed in results"],
    ["no line for p", () => rule("Mine", { options: lr, state: { m: 0 } }, "m = g"), "no line assigns p"],
    ["text that is no formula", () => rule("Mine", { options: lr }, "p = p - lr * "), "expected"],
    ["a measure of nothing", () => rule("Mine", { options: lr, measures: { n: norm("q") } }, "p = p - lr * g / n"), "a measure reads q"],
  ])("%s", (_, make, message) => {
    expect(make).toThrow(message);
  });

  test("a number that follows from tensors is refused before anything moves", () => {
    const p = withGradient(parameter());
    const optimizer = new Optimizer(rule("Mine", { options: lr, scalars: { n: 0 } }, "n = n + g; p = p - lr * n * g"), [p]);
    expect(() => optimizer.step()).toThrow("n is kept as a number but follows from tensors");
    expect(p.toArray()).toEqual([1, 2, 3]);
  });

  test("norms of one's own: a gradient of length 1", () => {
    const p = withGradient(parameter([1, 2]), [3, 4]);
    const unit = rule("Unit", { options: lr, measures: { size: norm("g") } }, "p = p - lr * g / size");
    new Optimizer(unit, [p]).step();
    expect(p.toArray()).toEqual([expect.closeTo(0.94, 12), expect.closeTo(1.92, 12)]);
  });
});

test("a custom rule: Adam with clipping", () => {
  const clipped = rule(
    "ClippedAdam",
    { options: { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, clip: 1 }, state: { m: 0, v: 0 } },
    `g    = clamp(g, -clip, clip)
     m    = beta1 * m + (1 - beta1) * g
     v    = beta2 * v + (1 - beta2) * g ** 2
     mHat = m / (1 - beta1 ** t)
     vHat = v / (1 - beta2 ** t)
     p    = p - lr * mHat / (sqrt(vHat) + eps)`,
  );
  const [p, q] = [parameter([1, 1, 1]), parameter([1, 1, 1])];
  const optimizer = new Optimizer(clipped, [p], { lr: 0.1 });
  const adam = new Adam([q], { lr: 0.1 });
  for (const gradient of [
    [5, 0.5, -3],
    [0.2, -0.1, 9],
  ]) {
    withGradient(p, gradient);
    withGradient(
      q,
      gradient.map((x) => Math.min(1, Math.max(-1, x))),
    );
    const { terms } = optimizer.explain(p, 2);
    expect(terms.map((term) => term.name).sort()).toEqual(["gradient", "momentum"]);
    optimizer.step();
    adam.step();
  }
  expect(p.data()).toEqual(q.data());
  expect(() => new Optimizer(clipped, [parameter()], { clp: 1 } as object)).toThrow('did you mean "clip"?');
});
