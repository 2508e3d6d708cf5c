import { Parameter, type Tensor, tensor } from "@gradtape/core";
import { describe, expect, test } from "vitest";
import type { OptimizerStateDict } from "./checkpoint.ts";
import { Adam, LBFGS } from "./rules/index.ts";

const parameter = (values: number[] = [1, 2, 3]): Parameter => new Parameter(tensor(values, { dtype: "float64" }));
const withGradient = (p: Parameter, gradient: number[] = [1, 1, 1]): Parameter => {
  p.grad = tensor(gradient, { dtype: "float64", shape: p.shape });
  return p;
};

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
