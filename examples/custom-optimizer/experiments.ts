import { Generator, noGrad, optim, Parameter, type Tensor, tensor } from "gradtape";
import { problems } from "../optimizer-race/problems.ts";
import { clippedAdam, uncorrectedAdam } from "./rules.ts";

/** Makes an optimizer of some parameters. */
export type Make = (parameters: readonly Parameter[], lr: number) => optim.AnyOptimizer;

export const adam: Make = (parameters, lr) => new optim.Adam(parameters, { lr });
export const clipped: Make = (parameters, lr) => new optim.Optimizer(clippedAdam, parameters, { lr });
export const uncorrected: Make = (parameters, lr) => new optim.Optimizer(uncorrectedAdam, parameters, { lr });

/** How far a parameter moves at each step, in learning rates, while its gradient is always 1. */
export function strides(make: Make, steps: number): number[] {
  const p = new Parameter(tensor([0], { dtype: "float64" }));
  const optimizer = make([p], 1);
  return Array.from({ length: steps }, () => {
    const before = p.item();
    optimizer.zeroGrad();
    p.sum().backward();
    optimizer.step();
    return before - p.item();
  });
}

/** Losses of the first steps on digits. */
export function firstSteps(make: Make, steps: number, lr: number): number[] {
  const digits = problems[problems.length - 1].begin();
  const optimizer = make(digits.parameters, lr);
  return Array.from({ length: steps }, (_, step) => {
    optimizer.zeroGrad();
    const loss = digits.loss(step);
    loss.backward();
    optimizer.step();
    return loss.item();
  });
}

const features = 12;
/** Every so many batches one label is wildly wrong. */
export const outlierEvery = 40;

/** Distance to the weights that made the data, at every step of a regression in which some labels are wildly wrong. */
export function regression(make: Make, steps: number): number[] {
  const generator = new Generator(5);
  const normal = (size: number): Float64Array => Float64Array.from({ length: size }, () => generator.normal());
  const wanted = tensor(normal(features), { dtype: "float64" });
  const w = new Parameter(tensor(new Float64Array(features), { dtype: "float64" }));
  const optimizer = make([w], 0.03);
  const distance = (): number => noGrad(() => w.sub(wanted).square().mean().sqrt().item());
  return Array.from({ length: steps }, (_, step) => {
    const before = distance();
    const x = tensor(normal(16 * features), { shape: [16, features], dtype: "float64" });
    const noise = normal(16).map((value) => 0.1 * value);
    if (step % outlierEvery === outlierEvery - 1) noise[0] += 300;
    const y: Tensor = x.matmul(wanted).add(tensor(noise, { dtype: "float64" }));
    optimizer.zeroGrad();
    x.matmul(w).mseLoss(y).backward();
    optimizer.step();
    return before;
  });
}

/** What the optimizer says of its first step, where the gradient is 0.5. */
export function firstExplanation(make: Make): string {
  const p = new Parameter(tensor([1], { dtype: "float64" }));
  const optimizer = make([p], 0.1);
  p.mul(0.5).sum().backward();
  return String(optimizer.explain(p));
}
