import { hasManual } from "../backend/ownership.ts";
import { allocate, broadcastView, restride, type View } from "../backend/view.ts";
import { isFloat, promote } from "../dtype.ts";
import { broadcastShapes, showShape } from "../shape.ts";
import { apply, isFollowed, isGradEnabled, record } from "../tape/apply.ts";
import { type Gate, type Op, operation } from "../tape/op.ts";
import { inScope } from "../tape/scope.ts";
import { Tensor } from "../tensor/tensor.ts";
import { rectifier } from "./rectifier.ts";

const matmulOp: Op<null> = operation({
  name: "matmul",
  primitive: true,
  saves: ([toLeft, toRight]) => ({ inputs: [...(toRight === null ? [] : [0]), ...(toLeft === null ? [] : [1])], output: false, shapes: false }),
  forward: ([left, right]) => {
    const a = left as Tensor;
    const b = right as Tensor;
    const [m, n] = [a.shape[a.ndim - 2], b.shape[b.ndim - 1]];
    if (a.ndim === 2 && b.ndim === 2) {
      const output = allocate(a.device, a.dtype, [m, n]);
      a.device.backend.matmul(a, b, output);
      return output;
    }
    const batch = broadcastShapes("matmul", a.shape.slice(0, -2), b.shape.slice(0, -2));
    const output = allocate(a.device, a.dtype, [...batch, m, n]);
    const operand = (x: Tensor): View => broadcastView(x, [...batch, ...x.shape.slice(-2)]);
    a.device.backend.matmul(operand(a), operand(b), output);
    return output;
  },
  vjp: [
    (g, { inputs }, into, gate) => product(g, (inputs[1] as Tensor).transpose(-2, -1), into, gate),
    (g, { inputs }, into, gate) => product((inputs[0] as Tensor).transpose(-2, -1), g, into, gate),
  ],
});

/** The product of two matrices, added to `into` where there is one, behind a gate where there is one. */
function product(a: Tensor, b: Tensor, into: Tensor | undefined, gate: Gate | undefined): Tensor {
  if ((into === undefined && gate === undefined) || a.ndim > 2 || b.ndim > 2 || a.dtype !== b.dtype || (into ?? a).dtype !== a.dtype)
    return a.matmul(b);
  const output = into ?? new Tensor(allocate(a.device, a.dtype, [a.shape[0], b.shape[1]]));
  a.device.backend.matmul(a, b, output, into, gate?.values);
  if (gate !== undefined) gate.closed = true;
  return output;
}

/**
 * Matrix product: `[…,m,k] x […,k,n] → […,m,n]`, leading dimensions broadcast. A one-dimensional operand counts as a row on the left and as a column on the
 * right, and its dimension goes, as in NumPy. Transposed operands cost nothing.
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  const inner = b.ndim >= 2 ? b.shape[b.ndim - 2] : b.shape[0];
  if (a.ndim === 0 || b.ndim === 0 || a.shape[a.ndim - 1] !== inner)
    throw new RangeError(
      `matmul: inner dimensions differ, ${showShape(a.shape)} x ${showShape(b.shape)}; the last size of the first must be the ${b.ndim >= 2 ? "next to last" : "only"} size of the second`,
    );
  const dtype = promote(a.dtype, b.dtype);
  const row = (a.ndim === 1 ? a.unsqueeze(0) : a).to(dtype);
  const column = (b.ndim === 1 ? b.unsqueeze(1) : b).to(dtype);
  const product = apply(matmulOp, [row, column], null);
  if (a.ndim > 1 && b.ndim > 1) return product;
  const { shape } = product;
  return product.reshape([...shape.slice(0, -2), ...(a.ndim > 1 ? [shape[shape.length - 2]] : []), ...(b.ndim > 1 ? [shape[shape.length - 1]] : [])]);
}

const linearOp: Op<null> = operation({
  name: "linear",
  primitive: true,
  saves: ([toInput, toWeight]) => ({ inputs: [...(toWeight === null ? [] : [0]), ...(toInput === null ? [] : [1])], output: false, shapes: false }),
  forward: (operands) => linearValue(operands as readonly Tensor[], false),
  vjp: [
    (g, { inputs }, into, gate) => product(g, inputs[1] as Tensor, into, gate),
    (g, { inputs }, into, gate) => product(g.transpose(0, 1), inputs[0] as Tensor, into, gate),
    (g) => g.sum(0),
  ],
});

/** `x Wᵀ + b` of matrices, without what is negative in it if it is `rectified`. */
function linearValue([x, weight, bias]: readonly Tensor[], rectified: boolean): View {
  const output = allocate(x.device, x.dtype, [x.shape[0], weight.shape[0]]);
  const turned = restride(weight, [weight.shape[1], weight.shape[0]], [weight.strides[1], weight.strides[0]]);
  const start = bias && restride(bias, output.shape, [0, bias.strides[0]]);
  x.device.backend.matmul(x, turned, output, start, rectified ? output : undefined);
  return output;
}

/** Affine map `x Wᵀ + b`: `[…,in] → […,out]` with a weight `[out,in]` and a bias `[out]`, as in PyTorch. */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor | null): Tensor {
  if (weight.ndim !== 2 || x.ndim === 0 || x.shape[x.ndim - 1] !== weight.shape[1])
    throw new RangeError(`linear: the last size of the input ${showShape(x.shape)} must be the second size of the weight ${showShape(weight.shape)}`);
  const [out, size] = weight.shape;
  const rows = x.ndim === 2 ? x : x.reshape([-1, size]);
  const fits = bias?.ndim === 1 && bias.shape[0] === out;
  const shared = promote(x.dtype, weight.dtype);
  const dtype = fits ? promote(shared, bias.dtype) : shared;
  const operands = [rows.to(dtype), weight.to(dtype)];
  const product = apply(linearOp, fits ? [...operands, bias.to(dtype)] : operands, null);
  const y = x.ndim === 2 ? product : product.reshape([...x.shape.slice(0, -1), out]);
  return fits || bias === undefined || bias === null ? y : y.add(bias);
}

/** Whose operations the two of `linearRelu` are, for tools that show modules. */
export interface LinearReluOptions {
  readonly linear?: object;
  readonly relu?: object;
}

/**
 * `relu(linear(x, weight, bias))` in one product: `[…,in] → […,out]`. The value between the two is never made; on the tape they are two operations, as elsewhere.
 * They are computed one after the other where somebody follows the operations, on devices whose memory has owners, and for operands of several dtypes. Errors: those of `linear`.
 */
export function linearRelu(x: Tensor, weight: Tensor, bias?: Tensor | null, owners: LinearReluOptions = {}): Tensor {
  const operands = bias ? [x, weight, bias] : [x, weight];
  if (hasManual() || isFollowed() || !fitTogether(operands)) {
    const between = within(owners.linear, () => linear(x, weight, bias));
    return within(owners.relu, () => apply(rectifier(), [between], null));
  }
  if (x.ndim !== 2) return linearRelu(x.reshape([-1, weight.shape[1]]), weight, bias, owners).reshape([...x.shape.slice(0, -1), weight.shape[0]]);
  const y = new Tensor(linearValue(operands, true));
  if (isGradEnabled()) {
    const between = new Tensor(y);
    within(owners.linear, () => record(linearOp, operands, null, between));
    within(owners.relu, () => record(rectifier(), [between], null, y));
  }
  return y;
}

const within = <T>(owner: object | undefined, fn: () => T): T => (owner === undefined ? fn() : inScope(owner, fn));

/** Whether operands are input, weight and maybe bias of one affine map, of one dtype on one device. */
function fitTogether([x, weight, bias]: readonly Tensor[]): boolean {
  const { dtype, device } = x;
  if (!isFloat(dtype) || x.ndim === 0 || weight.ndim !== 2 || x.shape[x.ndim - 1] !== weight.shape[1]) return false;
  if (weight.dtype !== dtype || weight.device !== device) return false;
  return bias === undefined || (bias.ndim === 1 && bias.shape[0] === weight.shape[0] && bias.dtype === dtype && bias.device === device);
}
