import { grad, optim, Parameter, tensor } from "gradtape";
import type { Fit } from "./training.ts";

/** A place in the plane of hyper-parameters, and the loss that a training ends with there. */
export interface Place {
  readonly lr: number;
  readonly momentum: number;
  readonly loss: number;
}

const logit = (share: number): number => Math.log(share / (1 - share));

/** Descends the loss after a whole training by the training's own rate and momentum, both on scales where they stay in range. */
export function descend(fit: Fit, start: Omit<Place, "loss">, iterations: number, tick: (place: Place) => void = () => {}): Place[] {
  const logLr = new Parameter(tensor(Math.log(start.lr), { dtype: "float64" }));
  const logitMomentum = new Parameter(tensor(logit(start.momentum), { dtype: "float64" }));
  const meta = new optim.Adam([logLr, logitMomentum], { lr: 0.15 });
  // Beyond the best rate the loss is a cliff: steps have to become small.
  const schedule = new optim.CosineAnnealingLR(meta, { tMax: Math.max(1, iterations) });
  const places: Place[] = [];
  for (let iteration = 0; iteration <= iterations; iteration++) {
    const [lr, momentum] = [logLr.exp(), logitMomentum.sigmoid()];
    const loss = fit.lossAfter({ lr, momentum });
    places.push({ lr: lr.item(), momentum: momentum.item(), loss: loss.item() });
    meta.zeroGrad();
    loss.backward();
    meta.step();
    schedule.step();
    tick(places[iteration]);
  }
  return places;
}

/** The gradient of the final loss by one hyper-parameter, through the updates and by a difference of fourth order. */
export interface Check {
  readonly name: "lr" | "momentum";
  readonly backprop: number;
  readonly difference: number;
}

/** Compares both gradients at a place. */
export function check(fit: Fit, { lr, momentum }: Omit<Place, "loss">): Check[] {
  const at = { lr: tensor(lr, { dtype: "float64", requiresGrad: true }), momentum: tensor(momentum, { dtype: "float64", requiresGrad: true }) };
  const [byLr, byMomentum] = grad(fit.lossAfter(at), [at.lr, at.momentum]);
  const value = (name: Check["name"], x: number): number => fit.losses({ lr, momentum, [name]: x }).at(-1) as number;
  const slope = (name: Check["name"], x: number): number => {
    const h = 1e-4 * x;
    const f = (k: number): number => value(name, x + k * h);
    return (8 * (f(1) - f(-1)) - (f(2) - f(-2))) / (12 * h);
  };
  return [
    { name: "lr", backprop: byLr.item(), difference: slope("lr", lr) },
    { name: "momentum", backprop: byMomentum.item(), difference: slope("momentum", momentum) },
  ];
}
