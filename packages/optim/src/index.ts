export * from "./clip.ts";
export type { ExplainedLine, Explanation } from "./explain.ts";
export { type GroupSpec, Optimizer, type OptimizerStateDict, type Parameters, type ParamGroup } from "./optimizer.ts";
export type { Options, OptionValue } from "./options.ts";
export { Plan, Rule, type RuleSpec, rule } from "./rule.ts";
export * from "./rules/adam.ts";
export * from "./rules/adamw.ts";
export * from "./rules/sgd.ts";
export * from "./schedulers/index.ts";
