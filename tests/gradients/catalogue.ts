import type { Row } from "./row.ts";
import { arrangements } from "./rows/arrangements.ts";
import { elementwise } from "./rows/elementwise.ts";
import { losses } from "./rows/losses.ts";
import { normalizations } from "./rows/normalizations.ts";
import { picks } from "./rows/picks.ts";
import { products } from "./rows/products.ts";
import { reductions } from "./rows/reductions.ts";
import { windows } from "./rows/windows.ts";

/** Every differentiable op, in the forms in which its gradients are checked. A new op gets its row in the file of its concept. */
export const catalogue: readonly Row[] = [
  ...elementwise,
  ...reductions,
  ...losses,
  ...normalizations,
  ...arrangements,
  ...picks,
  ...products,
  ...windows,
];

/** Ops through which no gradient flows, by the reason. */
export const notDifferentiable: Readonly<Record<string, readonly string[]>> = {
  "gives booleans": [
    "lt",
    "le",
    "gt",
    "ge",
    "eq",
    "ne",
    "logicalAnd",
    "logicalOr",
    "logicalXor",
    "logicalNot",
    "isNaN",
    "isFinite",
    "isInf",
    "any",
    "all",
  ],
  "gives indices": ["argmax", "argmin", "argsort", "nonzero", "searchsorted", "bucketize"],
  "gives counts or classes": ["countNonzero", "oneHot"],
  "gives constants": ["newZeros", "newOnes"],
};
