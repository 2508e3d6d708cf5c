import { Parameter, tensor } from "@gradtape/core";
import { describe, expect, test } from "vitest";
import { AdamW, SGD } from "./index.ts";

/** Three steps of AdamW; `change` may change the group before each of them. */
function trained(options: object, change: (group: AdamW["paramGroups"][number], step: number) => void): number[] {
  const p = new Parameter(tensor([1, -2, 3], { dtype: "float64" }));
  const optimizer = new AdamW([p], { lr: 0.1, ...options });
  for (let step = 0; step < 3; step++) {
    p.grad = tensor([0.5, step, -1], { dtype: "float64" });
    change(optimizer.paramGroups[0], step);
    optimizer.step();
  }
  return [...p.data()];
}

describe("options of a group that change between steps", () => {
  const unchanged = trained({}, () => {});

  test.each<[string, Parameters<typeof trained>[1]]>([
    ["the rate", (group, step) => void (group.lr = 0.1 / (step + 1))],
    ["a list, replaced", (group, step) => void (group.betas = [0.9 - 0.1 * step, 0.99])],
    ["one number of a list", (group, step) => void ((group.betas as [number, number])[0] = 0.9 - 0.1 * step)],
    ["a switch of the plan", (group, step) => void (group.amsgrad = step > 0)],
    ["a number from 0", (group, step) => void (group.weightDecay = step === 0 ? 0 : 0.5)],
    ["a number to 0", (group, step) => void (group.weightDecay = step === 2 ? 0 : 0.5)],
  ])("%s", (_, change) => {
    const moved = trained({}, change);
    expect(moved).not.toEqual(unchanged);
    // An optimizer that is made anew with the changed options, and continues from the state, does the same.
    const p = new Parameter(tensor([1, -2, 3], { dtype: "float64" }));
    let before = new AdamW([p], { lr: 0.1 });
    for (let step = 0; step < 3; step++) {
      change(before.paramGroups[0], step);
      const { params: _, ...options } = before.paramGroups[0];
      const next = new AdamW([p], options);
      const { state } = before.stateDict();
      next.loadStateDict({ ...next.stateDict(), state });
      p.grad = tensor([0.5, step, -1], { dtype: "float64" });
      next.step();
      before = next;
    }
    expect([...p.data()]).toEqual(moved);
  });

  test("one that is not valid is refused before anything moves", () => {
    const p = new Parameter([1]);
    const optimizer = new SGD([p], { lr: 0.1 });
    p.grad = tensor([1]);
    optimizer.step();
    optimizer.paramGroups[0].lr = Number.NaN;
    expect(() => optimizer.step()).toThrow("lr must be a number of at least 0, got NaN");
    expect(() => optimizer.step()).toThrow("lr must be");
    optimizer.paramGroups[0].lr = 0.1;
    optimizer.step();
    expect(p.item()).toBeCloseTo(0.8, 6);
  });
});
