import fc from "fast-check";
import { array, betas, decay, eps, flag, type Loop, lr, momentum, type Plain, type Row, some } from "./options.ts";

const adam =
  (decoupled: boolean): Loop =>
  (p, grad, s, t, { lr, betas: [b1, b2], eps, weightDecay, amsgrad, maximize }) => {
    const [m, v, top] = ["m", "v", "top"].map((name) => array(s, name, p.length));
    for (let i = 0; i < p.length; i++) {
      let g = maximize ? -grad[i] : grad[i];
      if (decoupled) p[i] *= 1 - lr * weightDecay;
      else g += weightDecay * p[i];
      m[i] = b1 * m[i] + (1 - b1) * g;
      v[i] = b2 * v[i] + (1 - b2) * g * g;
      top[i] = Math.max(top[i], v[i]);
      const scale = Math.sqrt((amsgrad ? top[i] : v[i]) / (1 - b2 ** t)) + eps;
      p[i] -= (lr * m[i]) / (1 - b1 ** t) / scale;
    }
  };

/** Gradient and parameter after `maximize` and either kind of decay. */
function decayed(p: number[], i: number, gradient: number, { lr, maximize, weightDecay, decoupledWeightDecay }: Plain): number {
  const g = maximize ? -gradient : gradient;
  if (!decoupledWeightDecay) return g + weightDecay * p[i];
  p[i] *= 1 - lr * weightDecay;
  return g;
}

/** Rules in which every element goes its own way. */
export const elementwise: Readonly<Record<string, Row>> = {
  SGD: {
    options: some({ lr, momentum, dampening: fc.constantFrom(0, 0.3), weightDecay: decay, nesterov: flag, maximize: flag }).map((o) =>
      o.nesterov ? { ...o, momentum: 0.8, dampening: 0 } : o,
    ),
    loop: (p, grad, s, t, o) => {
      const b = array(s, "b", p.length);
      for (let i = 0; i < p.length; i++) {
        const g = decayed(p, i, grad[i], o);
        b[i] = t === 1 ? g : o.momentum * b[i] + (1 - o.dampening) * g;
        p[i] -= o.lr * (o.momentum === 0 ? g : o.nesterov ? g + o.momentum * b[i] : b[i]);
      }
    },
  },
  Adam: { options: some({ lr, betas, eps, weightDecay: decay, amsgrad: flag, maximize: flag }), loop: adam(false) },
  AdamW: { options: some({ lr, betas, eps, weightDecay: decay, amsgrad: flag, maximize: flag }), loop: adam(true) },
  Adagrad: {
    options: some({
      lr,
      lrDecay: fc.constantFrom(0, 0.2),
      weightDecay: decay,
      initialAccumulatorValue: fc.constantFrom(0, 0.5),
      eps,
      maximize: flag,
    }),
    loop: (p, grad, s, t, o) => {
      const sum = array(s, "sum", p.length, o.initialAccumulatorValue);
      for (let i = 0; i < p.length; i++) {
        const g = decayed(p, i, grad[i], o);
        sum[i] += g * g;
        p[i] -= ((o.lr / (1 + (t - 1) * o.lrDecay)) * g) / (Math.sqrt(sum[i]) + o.eps);
      }
    },
  },
  RMSprop: {
    options: some({
      lr,
      alpha: fc.constantFrom(0.5, 0.9, 0.99),
      eps: fc.constantFrom(1e-3, 0.1),
      weightDecay: decay,
      momentum,
      centered: flag,
      maximize: flag,
    }),
    loop: (p, grad, s, _, o) => {
      const [v, a, b] = ["v", "a", "b"].map((name) => array(s, name, p.length));
      for (let i = 0; i < p.length; i++) {
        const g = decayed(p, i, grad[i], o);
        v[i] = o.alpha * v[i] + (1 - o.alpha) * g * g;
        a[i] = o.alpha * a[i] + (1 - o.alpha) * g;
        b[i] = o.momentum * b[i] + g / (Math.sqrt(o.centered ? v[i] - a[i] * a[i] : v[i]) + o.eps);
        p[i] -= o.lr * b[i];
      }
    },
  },
  Adadelta: {
    options: some({ lr: fc.double({ min: 0.1, max: 2, noNaN: true }), rho: fc.constantFrom(0.5, 0.9), eps, weightDecay: decay, maximize: flag }),
    loop: (p, grad, s, _, o) => {
      const [v, d] = ["v", "d"].map((name) => array(s, name, p.length));
      for (let i = 0; i < p.length; i++) {
        const g = decayed(p, i, grad[i], o);
        v[i] = o.rho * v[i] + (1 - o.rho) * g * g;
        const delta = (Math.sqrt(d[i] + o.eps) / Math.sqrt(v[i] + o.eps)) * g;
        d[i] = o.rho * d[i] + (1 - o.rho) * delta * delta;
        p[i] -= o.lr * delta;
      }
    },
  },
  Adamax: {
    options: some({ lr, betas, eps, weightDecay: decay, maximize: flag }),
    loop: (p, grad, s, t, o) => {
      const [m, u] = ["m", "u"].map((name) => array(s, name, p.length));
      const [b1, b2] = o.betas;
      for (let i = 0; i < p.length; i++) {
        const g = decayed(p, i, grad[i], o);
        m[i] = b1 * m[i] + (1 - b1) * g;
        u[i] = Math.max(b2 * u[i], Math.abs(g) + o.eps);
        p[i] -= ((o.lr / (1 - b1 ** t)) * m[i]) / u[i];
      }
    },
  },
  NAdam: {
    options: some({ lr, betas, eps, weightDecay: decay, momentumDecay: fc.constantFrom(0, 4e-3, 0.2), decoupledWeightDecay: flag, maximize: flag }),
    loop: (p, grad, s, t, o) => {
      const [m, v] = ["m", "v"].map((name) => array(s, name, p.length));
      const [b1, b2] = o.betas;
      const mu = (at: number): number => b1 * (1 - 0.5 * 0.96 ** (at * o.momentumDecay));
      let past = 1;
      for (let k = 1; k <= t; k++) past *= mu(k);
      for (let i = 0; i < p.length; i++) {
        const g = decayed(p, i, grad[i], o);
        m[i] = b1 * m[i] + (1 - b1) * g;
        v[i] = b2 * v[i] + (1 - b2) * g * g;
        const scale = Math.sqrt(v[i] / (1 - b2 ** t)) + o.eps;
        p[i] -= (o.lr * (1 - mu(t)) * g) / (1 - past) / scale + (o.lr * mu(t + 1) * m[i]) / (1 - past * mu(t + 1)) / scale;
      }
    },
  },
  RAdam: {
    options: some({ lr, betas, eps, weightDecay: decay, decoupledWeightDecay: flag, maximize: flag }),
    loop: (p, grad, s, t, o) => {
      const [m, v] = ["m", "v"].map((name) => array(s, name, p.length));
      const [b1, b2] = o.betas;
      const limit = 2 / (1 - b2) - 1;
      const rho = limit - (2 * t * b2 ** t) / (1 - b2 ** t);
      for (let i = 0; i < p.length; i++) {
        const g = decayed(p, i, grad[i], o);
        m[i] = b1 * m[i] + (1 - b1) * g;
        v[i] = b2 * v[i] + (1 - b2) * g * g;
        let step = m[i] / (1 - b1 ** t);
        if (rho > 5) {
          const r = Math.sqrt(((rho - 4) * (rho - 2) * limit) / ((limit - 4) * (limit - 2) * rho));
          step *= (r * Math.sqrt(1 - b2 ** t)) / (Math.sqrt(v[i]) + o.eps);
        }
        p[i] -= o.lr * step;
      }
    },
  },
  ASGD: {
    options: some({
      lr,
      lambd: fc.constantFrom(1e-4, 0.05),
      alpha: fc.constantFrom(0.5, 0.75),
      t0: fc.constantFrom(1, 3, 1e6),
      weightDecay: decay,
      maximize: flag,
    }),
    loop: (p, grad, _, t, o) => {
      const eta = t === 1 ? o.lr : o.lr / (1 + o.lambd * o.lr * (t - 1)) ** o.alpha;
      for (let i = 0; i < p.length; i++) {
        const g = decayed(p, i, grad[i], o);
        p[i] = p[i] * (1 - o.lambd * eta) - eta * g;
      }
    },
  },
  Rprop: {
    options: some({ lr, etas: fc.constantFrom([0.5, 1.2], [0.3, 1.5]), stepSizes: fc.constantFrom([1e-6, 50], [0.01, 0.05]), maximize: flag }),
    loop: (p, grad, s, _, o) => {
      const before = array(s, "before", p.length);
      const size = array(s, "size", p.length, o.lr);
      for (let i = 0; i < p.length; i++) {
        let g = o.maximize ? -grad[i] : grad[i];
        const turn = Math.sign(g * before[i]);
        size[i] = Math.min(Math.max(size[i] * (turn > 0 ? o.etas[1] : turn < 0 ? o.etas[0] : 1), o.stepSizes[0]), o.stepSizes[1]);
        if (turn < 0) g = 0;
        p[i] -= Math.sign(g) * size[i];
        before[i] = g;
      }
    },
  },
  Lion: {
    options: some({ lr, betas, weightDecay: decay }),
    loop: (p, g, s, _, o) => {
      const m = array(s, "m", p.length);
      const [b1, b2] = o.betas;
      for (let i = 0; i < p.length; i++) {
        p[i] = p[i] * (1 - o.lr * o.weightDecay) - o.lr * Math.sign(b1 * m[i] + (1 - b1) * g[i]);
        m[i] = b2 * m[i] + (1 - b2) * g[i];
      }
    },
  },
};
