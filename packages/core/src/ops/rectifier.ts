import type { Op } from "../tape/op.ts";
import { type ElementwiseOptions, elementwiseOp } from "./elementwise.ts";

let made: Op<null> | undefined;
const options: ElementwiseOptions & { readonly rectifies: true } = { result: "same", derivatives: { x: "y <= 0 ? 0 : 1" }, rectifies: true };

/** The operation of `relu`, made when it is first asked for; products before it and after it can do its work. */
export const rectifier = (): Op<null> => (made ??= elementwiseOp("relu", "x <= 0 ? 0 : x", options));
