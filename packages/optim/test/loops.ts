import fc from "fast-check";

/** Options of a rule, as plain values. */
// biome-ignore lint/suspicious/noExplicitAny: options of every rule pass through one table
export type Plain = Readonly<Record<string, any>>;

/** Updates `p` in place, element by element, keeping what it needs in `s`; `rows` is the first size of the matrix that `p` is. */
export type Loop = (p: number[], g: readonly number[], s: Record<string, number[]>, t: number, o: Plain, rows: number) => void;

/** A rule as a straight loop, and the options that it is tried with. */
export interface Row {
  readonly options: fc.Arbitrary<Plain>;
  readonly loop: Loop;
}

const lr = fc.double({ min: 1e-3, max: 0.3, noNaN: true });
const decay = fc.constantFrom(0, 0.01, 0.3);
const momentum = fc.constantFrom(0, 0.5, 0.9);
const eps = fc.constantFrom(1e-8, 1e-3, 0.1);
const flag = fc.boolean();
const betas = fc.tuple(fc.constantFrom(0, 0.4, 0.9), fc.constantFrom(0.6, 0.9, 0.999));
const some = (record: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Plain> =>
  fc.record(record, { requiredKeys: ["lr"] }) as fc.Arbitrary<Plain>;
const array = (s: Record<string, number[]>, name: string, size: number, start = 0): number[] => (s[name] ??= new Array<number>(size).fill(start));
const length = (x: readonly number[]): number => Math.sqrt(x.reduce((sum, v) => sum + v * v, 0));

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

const matmul = (a: number[][], b: number[][]): number[][] => a.map((row) => b[0].map((_, j) => row.reduce((sum, v, k) => sum + v * b[k][j], 0)));
const transpose = (a: number[][]): number[][] => a[0].map((_, j) => a.map((row) => row[j]));
const matrix = (flat: readonly number[], rows: number): number[][] =>
  Array.from({ length: rows }, (_, i) => flat.slice((i * flat.length) / rows, ((i + 1) * flat.length) / rows));

/** Every rule that moves one parameter at a time. */
export const loops: Readonly<Record<string, Row>> = {
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
  LAMB: {
    options: some({ lr, betas, eps, weightDecay: decay, biasCorrection: flag, clampValue: fc.constantFrom(null, 0.5) }),
    loop: (p, g, s, t, o) => {
      const [m, v, u] = ["m", "v", "u"].map((name) => array(s, name, p.length));
      const [b1, b2] = o.betas;
      const [c1, c2] = o.biasCorrection ? [1 - b1 ** t, 1 - b2 ** t] : [1, 1];
      for (let i = 0; i < p.length; i++) {
        m[i] = b1 * m[i] + (1 - b1) * g[i];
        v[i] = b2 * v[i] + (1 - b2) * g[i] ** 2;
        u[i] = m[i] / c1 / (Math.sqrt(v[i] / c2) + o.eps) + o.weightDecay * p[i];
      }
      const pNorm = o.clampValue === null ? length(p) : Math.min(length(p), o.clampValue);
      const ratio = pNorm > 0 && length(u) > 0 ? pNorm / length(u) : 1;
      for (let i = 0; i < p.length; i++) p[i] -= o.lr * ratio * u[i];
    },
  },
  LARS: {
    options: some({
      lr,
      momentum,
      weightDecay: decay,
      trustCoefficient: fc.constantFrom(0.001, 0.1),
      eps: fc.constantFrom(0, 0.1),
      variant: fc.constantFrom("paper", "mae"),
    }),
    loop: (p, g, s, _, o) => {
      const b = array(s, "b", p.length);
      const u = p.map((x, i) => g[i] + o.weightDecay * x);
      const paper = o.variant === "paper";
      const below = paper ? length(g) + o.weightDecay * length(p) + o.eps : length(u);
      const local = length(p) > 0 && (paper ? length(g) : length(u)) > 0 ? (o.trustCoefficient * length(p)) / below : 1;
      for (let i = 0; i < p.length; i++) {
        b[i] = o.momentum * b[i] + (paper ? o.lr : 1) * local * u[i];
        p[i] -= (paper ? 1 : o.lr) * b[i];
      }
    },
  },
  Muon: {
    options: some({
      lr,
      weightDecay: decay,
      momentum,
      nesterov: flag,
      nsSteps: fc.constantFrom(1, 3, 5),
      adjustLrFn: fc.constantFrom(null, "original", "match_rms_adamw"),
    }),
    loop: (p, g, s, _, o, rows) => {
      const b = array(s, "b", p.length);
      const u = g.map((x, i) => {
        b[i] = o.momentum * b[i] + (1 - o.momentum) * x;
        return o.nesterov ? (1 - o.momentum) * x + o.momentum * b[i] : b[i];
      });
      const columns = p.length / rows;
      const size = Math.max(length(u), o.eps);
      let x = matrix(u, rows).map((row) => row.map((v) => v / size));
      const [c1, c2, c3] = o.nsCoefficients;
      for (let k = 0; k < o.nsSteps; k++) {
        const gram = matmul(x, transpose(x));
        const square = matmul(gram, gram);
        const mixed = matmul(
          gram.map((row, i) => row.map((v, j) => c2 * v + c3 * square[i][j])),
          x,
        );
        x = x.map((row, i) => row.map((v, j) => c1 * v + mixed[i][j]));
      }
      const adjust = o.adjustLrFn === "match_rms_adamw" ? 0.2 * Math.sqrt(Math.max(rows, columns)) : Math.sqrt(Math.max(1, rows / columns));
      x.flat().forEach((v, i) => {
        p[i] = p[i] * (1 - o.lr * o.weightDecay) - o.lr * adjust * v;
      });
    },
  },
  Adafactor: {
    options: some({
      lr,
      beta2Decay: fc.constantFrom(-0.8, -0.3),
      eps: fc.constantFrom([null, 1e-3], [0.01, 0.1]),
      d: fc.constantFrom(1, 2),
      weightDecay: decay,
      maximize: flag,
    }),
    loop: (p, grad, s, t, o, rows) => {
      const columns = p.length / rows;
      const [r, c] = [array(s, "r", rows), array(s, "c", columns)];
      const w = t ** o.beta2Decay;
      const g = grad.map((x) => (o.maximize ? -x : x));
      const least = o.eps[0] ?? 2 ** -52;
      const alpha = Math.max(o.eps[1], length(p) / Math.sqrt(p.length)) * Math.min(o.lr, 1 / Math.sqrt(t));
      for (let i = 0; i < rows; i++) r[i] += w * (matrix(g, rows)[i].reduce((sum, x) => sum + x * x, 0) / columns - r[i]);
      for (let j = 0; j < columns; j++) c[j] += w * (matrix(g, rows).reduce((sum, row) => sum + row[j] ** 2, 0) / rows - c[j]);
      const mean = Math.max(r.reduce((sum, x) => sum + x, 0) / rows, least);
      const u = g.map((x, i) => x / Math.sqrt(Math.max((r[Math.floor(i / columns)] * c[i % columns]) / mean, least ** 2)));
      const clip = Math.max(1, length(u) / Math.sqrt(u.length) / o.d);
      for (let i = 0; i < p.length; i++) p[i] = p[i] * (1 - o.lr * o.weightDecay) - (alpha / clip) * u[i];
    },
  },
  SparseAdam: {
    options: some({ lr, betas, eps, maximize: flag }),
    loop: (p, grad, s, t, o, rows) => {
      const [m, v] = ["m", "v"].map((name) => array(s, name, p.length));
      const [b1, b2] = o.betas;
      const columns = p.length / rows;
      for (let i = 0; i < p.length; i++) {
        if (matrix(grad, rows)[Math.floor(i / columns)].every((x) => x === 0)) continue;
        const g = o.maximize ? -grad[i] : grad[i];
        m[i] = b1 * m[i] + (1 - b1) * g;
        v[i] = b2 * v[i] + (1 - b2) * g * g;
        p[i] -= ((o.lr * Math.sqrt(1 - b2 ** t)) / (1 - b1 ** t)) * (m[i] / (Math.sqrt(v[i]) + o.eps));
      }
    },
  },
};
