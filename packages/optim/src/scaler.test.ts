import { Parameter, type Tensor, tensor } from "@gradtape/core";
import { describe, expect, test } from "vitest";
import { clipGradNorm } from "./clip.ts";
import { Adam } from "./rules/adam.ts";
import { SGD } from "./rules/sgd.ts";
import { GradScaler } from "./scaler.ts";

/** A float32 weight whose loss is `slope * w`: the gradient is the slope, times the scale. */
function weight(slope: number): { w: Parameter; loss: () => Tensor } {
  const w = new Parameter(tensor([1]));
  return { w, loss: () => w.mul(slope).sum() };
}

describe("GradScaler", () => {
  test("scales the loss and takes it back: the update is the one without it, bit for bit", () => {
    const [plain, scaled] = [weight(0.1), weight(0.1)];
    const scaler = new GradScaler();
    const optimizers = [new Adam([plain.w]), new Adam([scaled.w])];
    for (let k = 0; k < 5; k++) {
      for (const { w } of [plain, scaled]) w.grad = null;
      plain.loss().backward();
      optimizers[0].step();
      scaler.scale(scaled.loss()).backward();
      expect(scaled.w.grad?.item()).toBe(Math.fround(0.1) * 65536);
      scaler.step(optimizers[1]);
      scaler.update();
    }
    expect(scaled.w.item()).toBe(plain.w.item());
    expect(scaler.getScale()).toBe(65536);
  });

  test("keeps a gradient that would vanish in float32", () => {
    const w = new Parameter(tensor([1]));
    const scaler = new GradScaler({ initScale: 2 ** 40 });
    const through = (loss: Tensor): Tensor => loss.mul(1e-30).mul(1e-16).sum();
    const gradient = (loss: Tensor): number => {
      w.grad = null;
      loss.backward();
      return (w.grad as Tensor | null)?.item() ?? Number.NaN;
    };
    expect(gradient(through(w))).toBe(0);
    expect(gradient(scaler.scale(through(w)))).toBeGreaterThan(0);
  });

  test("gradients that overflow: steps are skipped, state stays, the scale backs off until they fit", () => {
    const { w, loss } = weight(1e35);
    const optimizer = new SGD([w], { lr: 1e-36, momentum: 0.5 });
    const scaler = new GradScaler();
    const scales: number[] = [];
    let skipped = 0;
    for (let k = 0; k < 8; k++) {
      scales.push(scaler.getScale());
      optimizer.zeroGrad();
      scaler.scale(loss()).backward();
      if (w.grad?.item() === Infinity) skipped++;
      scaler.step(optimizer);
      if (skipped === k + 1) expect([w.item(), optimizer.stateOf(w)]).toEqual([1, {}]);
      scaler.update();
    }
    expect(scales).toEqual([65536, 32768, 16384, 8192, 4096, 2048, 2048, 2048]);
    expect(skipped).toBe(5);
    expect(optimizer.stateOf(w).step).toBe(3);
    expect(w.item()).toBeCloseTo(1 - 0.1 - 0.15 - 0.175, 6);
  });

  test("NaN skips too, and one bad parameter skips the whole optimizer", () => {
    const [a, b] = [new Parameter(tensor([1])), new Parameter(tensor([1]))];
    const optimizer = new SGD([a, b], { lr: 1 });
    const scaler = new GradScaler({ initScale: 4 });
    a.grad = tensor([4]);
    b.grad = tensor([Number.NaN]);
    scaler.step(optimizer);
    scaler.update();
    expect([a.item(), b.item(), scaler.getScale()]).toEqual([1, 1, 2]);
  });

  test("grows after growthInterval good steps in a row", () => {
    const { w } = weight(1);
    const optimizer = new SGD([w], { lr: 0 });
    const scaler = new GradScaler({ initScale: 8, growthInterval: 2 });
    const scales = [1, 1, 1, Infinity, 1, 1].map((gradient) => {
      w.grad = tensor([gradient]);
      scaler.step(optimizer);
      scaler.update();
      return scaler.getScale();
    });
    expect(scales).toEqual([8, 16, 16, 8, 8, 16]);
  });

  test("clipping between unscale and step sees the true gradients", () => {
    const { w, loss } = weight(3);
    const optimizer = new SGD([w], { lr: 1 });
    const scaler = new GradScaler();
    scaler.scale(loss()).backward();
    scaler.unscale(optimizer);
    expect(clipGradNorm([w], 1)).toBe(3);
    scaler.step(optimizer);
    expect(w.item()).toBeCloseTo(0, 5);
  });

  test("two optimizers: the one with finite gradients steps, the scale backs off", () => {
    const [good, bad] = [weight(1).w, weight(1).w];
    const optimizers = [new SGD([good], { lr: 1 }), new SGD([bad], { lr: 1 })];
    const scaler = new GradScaler({ initScale: 4 });
    good.grad = tensor([4]);
    bad.grad = tensor([Infinity]);
    for (const optimizer of optimizers) scaler.step(optimizer);
    scaler.update();
    expect([good.item(), bad.item(), scaler.getScale()]).toEqual([0, 1, 2]);
  });

  test("a closure runs once, its loss comes back", () => {
    const { w, loss } = weight(2);
    const scaler = new GradScaler();
    const optimizer = new SGD([w], { lr: 0.25 });
    let runs = 0;
    const closure = (): Tensor => {
      runs++;
      optimizer.zeroGrad();
      const value = loss();
      scaler.scale(value).backward();
      return value;
    };
    expect(scaler.step(optimizer, closure)).toBe(2);
    expect([runs, w.item()]).toEqual([1, 0.5]);
  });

  test("not enabled it changes nothing", () => {
    const { w, loss } = weight(2);
    const scaler = new GradScaler({ enabled: false });
    scaler.scale(loss()).backward();
    const optimizer = new SGD([w], { lr: 0.25 });
    scaler.unscale(optimizer);
    scaler.step(optimizer);
    scaler.update();
    expect([w.item(), scaler.getScale()]).toEqual([0.5, 1]);
  });

  test("resumes from its state", () => {
    const scaler = new GradScaler({ growthInterval: 3 });
    const optimizer = new SGD([weight(1).w]);
    scaler.step(optimizer);
    scaler.update();
    const again = new GradScaler({ growthInterval: 3 });
    again.loadStateDict(JSON.parse(JSON.stringify(scaler.stateDict())));
    for (const each of [scaler, again])
      for (let k = 0; k < 2; k++) {
        each.step(optimizer);
        each.update();
      }
    expect(again.stateDict()).toEqual(scaler.stateDict());
    expect(again.getScale()).toBe(131072);
  });

  test("bad input", () => {
    const { w } = weight(1);
    const optimizer = new SGD([w], { lr: 1 });
    const scaler = new GradScaler();
    expect(() => new GradScaler({ growthFactor: 1 })).toThrow("GradScaler: growthFactor must be a finite number above 1, got 1");
    expect(() => new GradScaler({ initscale: 1 } as never)).toThrow('did you mean "initScale"?');
    expect(() => scaler.update()).toThrow("update() before any step(optimizer)");
    expect(() => scaler.update(0)).toThrow("a scale is a finite number above 0");
    w.grad = tensor([65536]);
    scaler.unscale(optimizer);
    expect(() => scaler.unscale(optimizer)).toThrow("unscale(SGD) after unscale(); call update() first");
    expect(() => scaler.step(optimizer, () => w.sum())).toThrow("leave unscale() out");
    scaler.step(optimizer);
    expect(() => scaler.step(optimizer)).toThrow("step(SGD) twice");
    expect(() => scaler.unscale(optimizer)).toThrow("after step()");
    expect(w.item()).toBe(0);
    scaler.update(4);
    expect(scaler.getScale()).toBe(4);
    expect(() => scaler.loadStateDict({ scale: 0, growthTracker: 0 })).toThrow("a state has a scale above 0");
    expect(scaler.getScale()).toBe(4);
  });
});
