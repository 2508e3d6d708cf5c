import type { Op } from "../tape/op.ts";
import { elementwiseOp, lazy } from "./elementwise.ts";

/** The operation of `relu`; products before it and after it can do its work. */
export const rectifier: () => Op<null> = lazy(() =>
  elementwiseOp("relu", "x <= 0 ? 0 : x", { result: "same", derivatives: { x: "y <= 0 ? 0 : 1" }, rectifies: true }),
);
