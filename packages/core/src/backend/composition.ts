import { call, type Expression, name, rewrite } from "../formula/index.ts";
import { Kernel } from "./kernel.ts";

/** What stands for an input of a kernel: a tensor, by its number, or the result of another kernel over tensors. */
export interface Part {
  readonly kernel: Kernel | undefined;
  readonly tensors: readonly number[];
}

/**
 * A kernel with parts in place of its inputs, so that several formulas are one loop. Its inputs are the tensors by number; its scalars `u0`, `u1`, … are the uniforms
 * of the kernel, then those of each part. Only the first output of each is used.
 */
export function composeKernel(kernel: Kernel, parts: readonly Part[]): Kernel {
  let scalars = 0;
  const renamed = (from: Kernel, tensor: (input: number) => Expression): Expression => {
    const first = scalars;
    scalars += from.uniforms.length;
    return rewrite(
      from.outputs[0].expression,
      (leaf) => {
        if (leaf.kind !== "name") return leaf;
        const input = from.inputs.indexOf(leaf.name);
        return input >= 0 ? tensor(input) : name(`u${first + from.uniforms.indexOf(leaf.name)}`);
      },
      call,
    );
  };
  const outer = renamed(kernel, (input) => name(`part${input}`));
  const inner = parts.map((part) =>
    part.kernel === undefined ? name(`x${part.tensors[0]}`) : renamed(part.kernel, (input) => name(`x${part.tensors[input]}`)),
  );
  const expression = rewrite(
    outer,
    (leaf) => (leaf.kind === "name" && leaf.name.startsWith("part") ? inner[Number(leaf.name.slice(4))] : leaf),
    call,
  );
  const list = (letter: string, count: number): string[] => Array.from({ length: count }, (_, k) => `${letter}${k}`);
  const tensors = Math.max(...parts.flatMap((part) => part.tensors)) + 1;
  return new Kernel({ y: expression }, list("x", tensors), list("u", scalars));
}
