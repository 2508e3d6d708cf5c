import { type Device, Generator, keep, Parameter, randn, type Tensor } from "@gradtape/core";
import { backendReport, type GpuDevice } from "@gradtape/gpu";
import { type Comparison, compare } from "./comparison.ts";
import { open } from "./opened.ts";

/** Large enough to be put off. */
const shape = [150, 130];
const drawn = (device: Device, seed = 3): Tensor => randn(shape, { generator: new Generator(seed) }).to(device);

function chain(x: Tensor, steps: number): Tensor {
  let y = x;
  for (let k = 0; k < steps; k++) y = y.mul(0.999 - k / 100).add(0.5);
  return y;
}

/** Formulas that wait until somebody asks, and what may happen to their operands meanwhile. */
export async function waiting(): Promise<Comparison[]> {
  const device = (await open()) as GpuDevice;
  const cases: Record<string, (d: Device) => Tensor | Tensor[]> = {
    "a chain": (d) => chain(drawn(d), 10),
    "a chain beyond what one kernel joins": (d) => chain(drawn(d), 40),
    "several operands that wait": (d) => drawn(d, 1).mul(2).add(drawn(d, 2).sub(1)).div(drawn(d, 4).square().add(1)),
    "one operand twice": (d) => {
      const y = drawn(d).mul(3);
      return y.mul(y);
    },
    "one operand of several": (d) => {
      const y = drawn(d).mul(3);
      return [y.add(1), y.exp(), y, y.sub(2)];
    },
    "an operand that is freed": (d) => {
      const x = drawn(d);
      const y = x.mul(3);
      x.dispose();
      const others = [1, 2, 3].map((seed) => drawn(d, seed).exp().sum());
      return [y, ...others];
    },
    "an operand that changes": (d) => {
      const p = new Parameter(drawn(d));
      const y = p.detach().mul(3);
      p.assign(drawn(d, 9));
      return [y, p.detach().mul(1)];
    },
    "the same operation on parts and transposes": (d) => {
      const y = drawn(d).mul(3);
      return [y.transpose(0, 1).add(1), y.narrow(0, 3, 4).add(1), y.amax(0)];
    },
    gradients: (d) => {
      const x = drawn(d).requireGrad();
      const y = keep(chain(x, 3).tanh());
      y.mul(drawn(d, 5)).sum().backward();
      return [y.detach(), x.grad as Tensor];
    },
  };
  const results = Object.entries(cases).map(([name, run]) => compare(device, name, run, { ulps: 8, scale: 4 }));
  const x = drawn(device);
  const before = backendReport(device).launches;
  const y = chain(x, 10);
  const waited = backendReport(device).launches - before;
  await y.read();
  const launches = backendReport(device).launches - before;
  const problem = waited === 0 && launches === 1 ? undefined : `${waited} launches before somebody asked, ${launches} in all`;
  return [...results, { name: "20 operations are one launch", worst: launches, allowed: 1, problem }];
}
