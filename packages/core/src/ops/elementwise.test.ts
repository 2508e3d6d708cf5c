import { describe, expect, test } from "vitest";
import { add, elementwise, grad, nanToNum, pow, softplus, sub, type Tensor, tensor } from "../index.ts";

const line = (...values: number[]): Tensor => tensor(values, { dtype: "float64" });
const values = (x: Tensor): number[] => Array.from(x.data());
const slopes = (fn: (x: Tensor) => Tensor, ...at: number[]): number[] => {
  const x = tensor(at, { dtype: "float64", requiresGrad: true });
  return values(grad(fn(x).sum(), x));
};

describe("elementwise", () => {
  test("makes a function from its formula, with parameters and operands", () => {
    const swish = elementwise("swish", "x * sigmoid(beta * x)", { parameters: { beta: 1 } });
    expect(values(swish(line(2)))[0]).toBeCloseTo(2 / (1 + Math.exp(-2)), 15);
    expect(values(swish(line(2), { beta: 0 }))).toEqual([1]);
    const blend = elementwise("blend", "share * a + (1 - share) * b", { operands: ["a", "b"], parameters: { share: 0.5 } });
    expect(values(blend(line(2, 4), line(6)))).toEqual([4, 5]);
    expect(values(blend(line(2, 4), 6, { share: 1 }))).toEqual([2, 4]);
    expect(values(blend(2, line(6)))).toEqual([4]);
  });

  test("says what is wrong with a formula or a call", () => {
    expect(() => elementwise("f", "x * q")).toThrow("f: the formula reads q; list it in { operands } or give it a default in { parameters }");
    expect(() => elementwise("f", "x * 2", { operands: ["x", "z"] })).toThrow("f: the formula does not read the operand z");
    expect(() => elementwise("f", "x * g")).toThrow("g cannot name an operand");
    expect(() => softplus(line(1), { betta: 2 } as never)).toThrow("softplus: unknown option betta; did you mean beta?");
    expect(() => softplus(line(1), { beta: line(2) } as never)).toThrow("softplus: beta is a number, got object");
    expect(() => add(1, 2)).toThrow("add: got numbers alone; one operand at least is a tensor");
    expect(() => line(1, 2).mul(line(1, 2, 3))).toThrow("mul: shapes [2] and [3] do not broadcast");
  });

  test("numbers may stand on either side", () => {
    expect(values(sub(1, line(3)))).toEqual([-2]);
    expect(values(pow(2, line(3)))).toEqual([8]);
    expect(values(line(1).add(2, { alpha: 3 }))).toEqual([7]);
    expect(values(line(1).sub(line(2), { alpha: 3 }))).toEqual([-5]);
  });
});

describe("conventional gradients at kinks, as PyTorch has them", () => {
  test.each<[string, (x: Tensor) => Tensor, number[], number[]]>([
    ["relu", (x) => x.relu(), [0, Number.NaN, -1], [0, 1, 0]],
    ["relu6", (x) => x.relu6(), [0, 6, 3], [0, 0, 1]],
    ["leakyRelu", (x) => x.leakyRelu({ negativeSlope: 0.25 }), [0, -1, 1], [0.25, 0.25, 1]],
    ["abs", (x) => x.abs(), [0, Number.NaN], [0, 0]],
    ["elu", (x) => x.elu({ alpha: 2 }), [0], [2]],
    ["hardtanh", (x) => x.hardtanh(), [-1, 1, 0.5], [0, 0, 1]],
    ["clamp", (x) => x.clamp({ min: -1, max: 1 }), [-1, 1, 2, Number.NaN], [1, 1, 0, 0]],
    ["hardsigmoid", (x) => x.hardsigmoid(), [-3, 3, 0], [0, 0, 1 / 6]],
    ["hardswish", (x) => x.hardswish(), [-3, 3, 4], [-0.5, 1.5, 1]],
    ["softshrink", (x) => x.softshrink(), [0.5, -0.5, 0.6], [0, 0, 1]],
    ["hardshrink", (x) => x.hardshrink(), [0.5, 0.6], [0, 1]],
    ["threshold", (x) => x.threshold(1, 5), [1, 2], [0, 1]],
    ["hypot", (x) => x.hypot(0), [0, -2], [0, -1]],
    ["xlogy", (x) => x.xlogy(0), [0], [0]],
    ["sinc", (x) => x.sinc(), [0], [0]],
    ["nanToNum", (x) => nanToNum(x), [Number.NaN, Number.POSITIVE_INFINITY, 1], [0, 0, 1]],
    ["logit", (x) => x.logit({ eps: 0.1 }), [0.05, 0.5], [0, 4]],
  ])("%s", (_, fn, at, want) => {
    slopes(fn, ...at).forEach((slope, i) => void expect(slope).toBeCloseTo(want[i], 12));
  });
});

describe("values", () => {
  test("tails keep their digits", () => {
    expect(values(line(-10).gelu())[0] / -7.61985302416052e-23).toBeCloseTo(1, 9);
    expect(values(line(-800, 800).softplus())).toEqual([0, 800]);
    expect(values(line(-40).logsigmoid())).toEqual([-40]);
    expect(values(line(3e200).hypot(line(4e200)))[0] / 5e200).toBeCloseTo(1, 15);
    expect(values(line(1e16).remainder(3))).toEqual([1]);
  });

  test("remainders take the sign of the divisor or of the dividend", () => {
    expect(values(line(-7, 7).remainder(line(3, -3)))).toEqual([2, -2]);
    expect(values(line(-7, 7).fmod(line(3, -3)))).toEqual([-1, 1]);
    expect(values(line(-1.75).frac())).toEqual([-0.75]);
  });

  test("nanToNum takes the limits of the dtype", () => {
    expect(values(tensor([Number.POSITIVE_INFINITY, Number.NaN]).nanToNum())).toEqual([3.4028234663852886e38, 0]);
    expect(values(line(Number.NEGATIVE_INFINITY).nanToNum({ neginf: -1 }))).toEqual([-1]);
  });

  test("clamp: max wins over min, NaN stays", () => {
    expect(values(line(0, 3, Number.NaN).clamp({ min: 2, max: 1 }))).toEqual([1, 1, Number.NaN]);
    expect(() => line(1).clamp({})).toThrow("clamp: give { min }, { max } or both");
  });

  test("glu and prelu say what does not fit", () => {
    expect(() => line(1, 2, 3).glu()).toThrow("glu: dimension -1 of [3] cannot be halved");
    expect(() => tensor([[1, 2]]).prelu(tensor([1, 2, 3]))).toThrow("prelu: the weight of shape [3]");
    expect(() => line(1).gelu({ approximate: "erf" as never })).toThrow('gelu: unknown approximate "erf"; use "none" or "tanh"');
  });
});
