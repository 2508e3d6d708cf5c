import { type Shape, showShape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** A tensor whose dimensions have names: letters, and numbers for those under an ellipsis, counted from its end. */
interface Term {
  readonly x: Tensor;
  readonly labels: readonly string[];
}

/** Labels of one part of an equation for a tensor of so many dimensions; `…` stands for as many as the letters leave over. */
function labelsOf(part: string, ndim: number, complain: (what: string) => Error): string[] {
  const [before, after] = part.split("...");
  const letters = before.length + (after?.length ?? 0);
  if (!/^[A-Za-z]*(\.\.\.)?[A-Za-z]*$/.test(part)) throw complain(`"${part}" must be letters and at most one "..."`);
  if (after === undefined ? letters !== ndim : letters > ndim) throw complain(`"${part}" names ${letters} dimensions of a tensor that has ${ndim}`);
  const hidden = Array.from({ length: ndim - letters }, (_, k) => `${ndim - letters - k}`);
  return [...before, ...(after === undefined ? [] : [...hidden, ...after])];
}

/** A repeated label of one tensor is a diagonal. */
function withoutRepeats({ x, labels }: Term): Term {
  const second = labels.findIndex((label, d) => labels.indexOf(label) !== d);
  if (second < 0) return { x, labels };
  const first = labels.indexOf(labels[second]);
  const rest = labels.filter((_, d) => d !== first && d !== second);
  return withoutRepeats({ x: x.diagonal({ dim1: first, dim2: second }), labels: [...rest, labels[second]] });
}

/** Sums over the labels that nobody else needs. */
function summed({ x, labels }: Term, needed: ReadonlySet<string>): Term {
  const dims = labels.flatMap((label, d) => (needed.has(label) ? [] : [d]));
  return dims.length === 0 ? { x, labels } : { x: x.sum(dims), labels: labels.filter((label) => needed.has(label)) };
}

/** The tensor with exactly these labels in this order; those that it lacks get size 1. */
function arranged({ x, labels }: Term, order: readonly string[]): Tensor {
  const own = order.filter((label) => labels.includes(label));
  const sizes = new Map(own.map((label) => [label, x.shape[labels.indexOf(label)]]));
  return x.permute(own.map((label) => labels.indexOf(label))).reshape(order.map((label) => sizes.get(label) ?? 1));
}

/** The product of two terms, summed over what only they share: one batched matrix product. */
function contract(a: Term, b: Term, needed: ReadonlySet<string>): Term {
  const sizeIn = ({ x, labels }: Term, label: string): number => (labels.includes(label) ? x.shape[labels.indexOf(label)] : 1);
  const full = [...new Set([...a.labels, ...b.labels])];
  const shared = (label: string): boolean => sizeIn(a, label) !== 1 && sizeIn(b, label) !== 1;
  const alone = new Set(full.filter((label) => needed.has(label) || shared(label)));
  const [left, right] = [summed(a, alone), summed(b, alone)];
  const batch = full.filter((label) => needed.has(label) && shared(label));
  const over = full.filter((label) => !needed.has(label) && shared(label));
  const kept = full.filter((label) => needed.has(label) && !batch.includes(label));
  const rows = kept.filter((label) => sizeIn(b, label) === 1);
  const columns = kept.filter((label) => !rows.includes(label));
  const count = (term: Term, labels: readonly string[]): number => sizeOf(labels.map((label) => sizeIn(term, label)));
  const batchShape: Shape = batch.map((label) => sizeIn(a, label));
  const leftOnly = { x: left.x, labels: left.labels };
  const m = arranged(strip(leftOnly, [...batch, ...rows, ...over]), [...batch, ...rows, ...over]).reshape([
    ...batchShape,
    count(a, rows),
    count(a, over),
  ]);
  const n = arranged(strip(right, [...batch, ...over, ...columns]), [...batch, ...over, ...columns]).reshape([
    ...batchShape,
    count(b, over),
    count(b, columns),
  ]);
  const y = m.matmul(n).reshape([...batchShape, ...rows.map((label) => sizeIn(a, label)), ...columns.map((label) => sizeIn(b, label))]);
  return { x: y, labels: [...batch, ...rows, ...columns] };
}

/** The term without the labels of size 1 that are not asked for. */
function strip({ x, labels }: Term, asked: readonly string[]): Term {
  const dims = labels.flatMap((label, d) => (asked.includes(label) ? [] : [d]));
  return dims.length === 0 ? { x, labels } : { x: x.squeeze(dims), labels: labels.filter((label) => asked.includes(label)) };
}

/**
 * Sums of products by names of dimensions, Einstein's convention: `einsum("bij,bjk->bik", a, b)`. A label that is not in the output is summed, one
 * that a tensor repeats is a diagonal, `...` stands for any further dimensions, which broadcast. Without `->` the output has the labels that occur
 * once, in alphabetical order, after the ellipsis. Tensors are multiplied from left to right, two at a time, as batched matrix products.
 */
export function einsum(equation: string, ...operands: readonly Tensor[] | readonly [readonly Tensor[]]): Tensor {
  const tensors = (Array.isArray(operands[0]) ? operands[0] : operands) as readonly Tensor[];
  const complain = (what: string): Error =>
    new RangeError(`einsum: ${what}, in "${equation}" of ${tensors.map((x) => showShape(x.shape)).join(", ")}`);
  const [inputs, output, ...more] = equation.replaceAll(/\s/g, "").split("->");
  const parts = inputs.split(",");
  if (more.length > 0) throw complain('"->" stands more than once');
  if (tensors.length === 0 || parts.length !== tensors.length) throw complain(`${parts.length} lists of labels for ${tensors.length} tensors`);
  let terms: Term[] = tensors.map((x, k) => ({ x, labels: labelsOf(parts[k], x.ndim, complain) }));
  const sizes = new Map<string, number>();
  for (const { x, labels } of terms)
    labels.forEach((label, d) => {
      const known = sizes.get(label) ?? 1;
      if (known !== 1 && x.shape[d] !== 1 && x.shape[d] !== known) throw complain(`"${label}" has sizes ${known} and ${x.shape[d]}`);
      if (known === 1) sizes.set(label, x.shape[d]);
    });
  const hidden = [...sizes.keys()].filter((label) => /\d/.test(label)).sort((a, b) => Number(b) - Number(a));
  const letters = inputs.replaceAll(/[.,]/g, "");
  const once = [...letters].filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter)).sort();
  const wanted =
    output === undefined
      ? [...hidden, ...once]
      : labelsOf(output, output.replace("...", "").length + (output.includes("...") ? hidden.length : 0), complain);
  const unknown = wanted.find((label, k) => !sizes.has(label) || wanted.indexOf(label) !== k);
  if (unknown !== undefined) throw complain(`the output's "${unknown}" ${sizes.has(unknown) ? "stands twice" : "is in no input"}`);
  terms = terms.map(withoutRepeats);
  let result = terms[0];
  terms.slice(1).forEach((term, k) => {
    const later = terms.slice(k + 2).flatMap(({ labels }) => labels);
    result = contract(result, term, new Set([...wanted, ...later]));
  });
  const last = summed(result, new Set(wanted));
  return arranged(last, wanted).expand(wanted.map((label) => sizes.get(label) as number));
}
