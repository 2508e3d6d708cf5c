import { Generator, grad, keep, nn, noGrad, optim, randint, randn, reference, scope, type Tensor, tensor } from "gradtape";
import { describe, expect, test } from "vitest";
import { manualDevice } from "./manual.ts";
import { onBackend } from "./poison.ts";

/** The lesson's loop, on any device. */
function lesson(device: ReturnType<typeof manualDevice>, steps: number, see: (loss: Tensor, model: nn.Module) => void = () => {}): number[] {
  const generator = new Generator(5);
  const model = new nn.Sequential(new nn.Linear(7, 16, { generator }), new nn.ReLU(), new nn.Linear(16, 4, { generator })).to(device.device);
  const optimizer = new optim.AdamW(model.parameters(), { lr: 0.01, amsgrad: true });
  const criterion = new nn.CrossEntropyLoss({ labelSmoothing: 0.1, ignoreIndex: 3 });
  const x = randn([12, 7], { generator }).to(device.device);
  const labels = randint(0, 4, [12], { generator }).to(device.device);
  return Array.from({ length: steps }, () => {
    optimizer.zeroGrad();
    const loss = criterion.forward(model.forward(x), labels);
    loss.backward();
    see(loss, model);
    optimizer.step();
    return loss.item();
  });
}

describe("on a device whose memory has owners", () => {
  test("the usual training loop frees all but the losses, of which the user has hold", () => {
    const device = manualDevice();
    const counts: number[] = [];
    lesson(device, 12, () => counts.push(device.living()));
    const growth = counts.slice(1).map((count, k) => count - counts[k]);
    expect(growth.slice(1)).toEqual(new Array(10).fill(1));
    expect(device.variables()).toBe(4 * 4);
  });

  test("the usual loop computes what it computes on the CPU", () => {
    const onCpu = (): number[] => lesson({ device: tensor(0).device, living: () => 0, variables: () => 0 }, 8);
    expect(lesson(manualDevice(), 8)).toEqual(onBackend(reference, onCpu));
  });

  test("roots, leaves and what was kept stay after backward(); the rest says that it was freed", () => {
    const { device } = manualDevice();
    const x = tensor([1, 2, 3], { device, requiresGrad: true });
    const kept = keep(x.mul(2));
    const lost = x.exp();
    const root = kept.mul(lost).sum();
    root.backward();
    expect(x.toArray()).toEqual([1, 2, 3]);
    expect(kept.toArray()).toEqual([2, 4, 6]);
    expect(root.item()).toBeGreaterThan(100);
    expect(() => lost.data()).toThrow("freed");
    expect((x.grad as Tensor).data().every(Number.isFinite)).toBe(true);
  });

  test("a retained graph stays until the last pass; higher derivatives need what the first pass saved", () => {
    const { device, living } = manualDevice();
    const run = (on: typeof device): number[] => {
      const x = tensor([0.3, -0.7, 1.1], { device: on, requiresGrad: true });
      const y = x.tanh().mul(x).sum();
      y.backward({ retainGraph: true });
      y.backward();
      const [first] = grad(x.exp().mul(x).sum(), [x], { createGraph: true });
      const second = grad(first.square().sum(), x);
      return [...(x.grad as Tensor).data(), ...second.data()];
    };
    // The device computes by the reference backend: the same numbers, bit for bit.
    expect(run(device)).toEqual(onBackend(reference, () => run(tensor(0).device)));
    expect(living()).toBeLessThan(12);
  });

  test("noGrad and scope free what they made, except what they return", () => {
    const { device, living } = manualDevice();
    const x = tensor([1, 2, 3], { device });
    const before = living();
    const { y } = noGrad(() => ({ y: x.mul(2).add(1).exp() }));
    expect(living()).toBe(before + 1);
    expect(y.data().length).toBe(3);
    let outside: Tensor | undefined;
    const z = scope(() => {
      outside = x.mul(3);
      return outside.add(1);
    });
    expect(z.toArray()).toEqual([4, 7, 10]);
    expect(() => outside?.data()).toThrow("freed");
    expect(living()).toBe(before + 2);
    z.dispose();
    expect(living()).toBe(before + 1);
  });

  test("a recorded result of a scope can still be differentiated", () => {
    const { device } = manualDevice();
    const w = tensor([1, 2, 3], { device, requiresGrad: true });
    const loss = scope(() => {
      const mask = w.detach().gt(1).to("float32");
      return w.mul(mask).square().sum();
    });
    loss.backward();
    expect(w.grad?.toArray()).toEqual([0, 4, 6]);
  });

  test("a gradient that arrives at two leaves is owned by each", () => {
    const { device } = manualDevice();
    const a = tensor([1, 2], { device, requiresGrad: true });
    const b = tensor([3, 4], { device, requiresGrad: true });
    a.add(b).sum().backward();
    a.grad = null;
    expect(b.grad?.toArray()).toEqual([1, 1]);
  });

  test("clipping inside noGrad replaces gradients that stay", () => {
    const device = manualDevice();
    lesson(device, 3, (_, model) => optim.clipGradNorm(model.parameters(), 0.1));
    lesson(device, 3, (_, model) => optim.clipGradValue(model.parameters(), 0.01));
  });
});
