import { Parameter, type Tensor, tensor } from "@gradtape/core";
import { describe, expect, test } from "vitest";
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
