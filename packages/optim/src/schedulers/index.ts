export * from "./cosine.ts";
export * from "./linear.ts";
export { type AnyOptimizer, LRScheduler, type SchedulerStateDict } from "./scheduler.ts";
export * from "./sequential.ts";
export * from "./step.ts";
