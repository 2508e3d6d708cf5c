import fc from "fast-check";
import { array, betas, decay, eps, flag, length, lr, momentum, type Row, some } from "./options.ts";

const matmul = (a: number[][], b: number[][]): number[][] => a.map((row) => b[0].map((_, j) => row.reduce((sum, v, k) => sum + v * b[k][j], 0)));
const transpose = (a: number[][]): number[][] => a[0].map((_, j) => a.map((row) => row[j]));
const matrix = (flat: readonly number[], rows: number): number[][] =>
  Array.from({ length: rows }, (_, i) => flat.slice((i * flat.length) / rows, ((i + 1) * flat.length) / rows));

/** Rules in which the elements of a tensor matter to each other. */
export const layerwise: Readonly<Record<string, Row>> = {
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
