import { unary } from "./elementwise.ts";

/** Rectified linear unit `max(x, 0)`; its gradient at 0 is 0. */
export const relu = unary("relu", "x <= 0 ? 0 : x", { result: "same", derivatives: { x: "y <= 0 ? 0 : 1" } });

/** Logistic function `1 / (1 + exp(-x))`, without overflow in either tail. */
export const sigmoid = unary("sigmoid", "sigmoid(x)");

/** Sigmoid linear unit `x * sigmoid(x)`. Elfwing, Uchibe & Doya 2018, arXiv:1702.03118. */
export const silu = unary("silu", "x * sigmoid(x)");

/** Logarithm of the logistic function, without overflow in either tail. */
export const logsigmoid = unary("logsigmoid", "logsigmoid(x)");
