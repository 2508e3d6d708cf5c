import { describe, expect, test } from "vitest";
import { elementwise, gradcheck, gradgradcheck, randn, type Tensor, tensor } from "../index.ts";

const draw = (...shape: number[]) => randn(shape, { dtype: "float64" });

describe("gradcheck", () => {
  test("accepts right gradients, of several inputs and results", () => {
    gradcheck((a, b) => [a.mul(b).sum(), a.exp()], [draw(2, 3), draw(3)]);
    gradgradcheck((a, b) => [a.mul(b).sum(), a.exp()], [draw(2, 3), draw(3)]);
  });

  test("names the op, input, element and both values where a gradient is wrong", () => {
    const wrong = elementwise("wrongSquare", "x * x", { derivatives: { x: "3 * x" } });
    const x = tensor([
      [0, 0],
      [0, 2],
    ]).to("float64");
    expect(() => gradcheck((at) => wrong(at), [x])).toThrow(
      /^gradcheck: wrongSquare: input 0, element \[1,1\] of \[2,2\]: the gradient is -?[\d.]+, the difference quotient -?[\d.]+$/,
    );
    expect(() => gradcheck((at) => wrong(at), [x], { name: "mine" })).toThrow("gradcheck: mine: input 0");
  });

  test("a gradient that is missing counts as 0", () => {
    expect(() => gradcheck((x) => x.detach().mul(x), [tensor([2, 3], { dtype: "float64" })])).toThrow(
      /gradcheck: mul: input 0, element \[0\] of \[2\]: the gradient is .*, the difference quotient /,
    );
  });

  test("a first derivative may be right where the second is wrong", () => {
    const cut = (x: Tensor): Tensor => x.mul(x.detach()).mul(2).sub(x.detach().mul(x.detach()));
    gradcheck(cut, [tensor([1, 2], { dtype: "float64" })]);
    expect(() => gradgradcheck(cut, [tensor([1, 2], { dtype: "float64" })])).toThrow("gradcheck: gradient of sub: input 0");
  });

  test("leaves integers alone and wants float64", () => {
    gradcheck((x, index) => x.gather(0, index), [draw(3), tensor([2, 0], { dtype: "int32" })]);
    expect(() => gradcheck((x) => x.exp(), [randn([2])])).toThrow(
      'gradcheck: input 0 is float32; differences need float64, convert it with .to("float64")',
    );
    expect(() => gradcheck((x) => x, [tensor([1], { dtype: "int32" })])).toThrow("none of the inputs is a float tensor");
    expect(() => gradcheck((x) => x.exp(), [draw(1)], { epz: 1 } as never)).toThrow("gradcheck: unknown option epz; did you mean eps?");
  });
});
