import { join, relative } from "node:path";
import {
  Application,
  Converter,
  DeclarationReflection,
  Logger,
  LogLevel,
  ParameterReflection,
  type ProjectReflection,
  type ReferenceReflection,
  ReflectionFlag,
  ReflectionKind,
  SignatureReflection,
  type TypeDocOptions,
} from "typedoc";
import { packages, root } from "../check/workspace.ts";

/** Collects what TypeDoc complains about instead of printing it. */
class Collector extends Logger {
  readonly problems: string[] = [];

  override log(message: string, level: LogLevel): void {
    if (level === LogLevel.Warn || level === LogLevel.Error) this.problems.push(message);
  }

  protected override addContext(message: string, ..._where: unknown[]): string {
    return message;
  }
}

/** The public names of every package, read by TypeDoc, and what is wrong with their documentation. */
export interface Reference {
  readonly app: Application;
  readonly project: ProjectReflection | undefined;
  readonly problems: readonly string[];
}

/** Reads the public names of every package; a name without a doc comment or with a broken link is a problem. */
export async function readReference(options: TypeDocOptions = {}): Promise<Reference> {
  const entries = new Map(packages().map((item) => [relative(root, join(item.folder, "src/index.ts")), item.name]));
  const app = await Application.bootstrapWithPlugins({
    name: "API reference",
    entryPoints: [...entries.keys()].map((entry) => join(root, entry)),
    tsconfig: join(root, "tsconfig.json"),
    readme: "none",
    disableGit: true,
    disableSources: true,
    skipErrorChecking: true,
    excludePrivate: true,
    excludeInternal: true,
    excludeExternals: true,
    validation: { notDocumented: true, notExported: false, invalidLink: true, rewrittenLink: true, invalidPath: true, unusedMergeModuleWith: true },
    ...options,
  });
  const logger = new Collector();
  app.logger = logger;
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    const names = [...entries.values()];
    project.children?.forEach((module, k) => {
      if (module.kindOf(ReflectionKind.Module)) module.name = names[k] ?? module.name;
    });
    callConstants(project);
    documentMethods(project);
  });
  const project = await app.convert();
  if (project !== undefined) app.validate(project);
  return { app, project, problems: [...new Set(logger.problems)] };
}

/** Shows constants that are called, such as the elementwise ops, as the functions that they are. */
function callConstants(project: ProjectReflection): void {
  for (const constant of project.getReflectionsByKind(ReflectionKind.Variable)) {
    if (!(constant instanceof DeclarationReflection) || constant.type?.type !== "reflection") continue;
    const { signatures, children } = constant.type.declaration;
    if (signatures === undefined || children !== undefined) continue;
    for (const signature of signatures) {
      signature.name = constant.name;
      signature.parent = constant;
      if (constant.comment !== undefined) signature.comment ??= constant.comment.clone();
    }
    constant.kind = ReflectionKind.Function;
    constant.signatures = signatures;
    constant.setFlag(ReflectionFlag.Const, false);
    delete constant.type;
    delete constant.comment;
  }
}

/** Shows chaining methods, which a mapped type declares, with the parameters and the documentation of the op that they call. */
function documentMethods(project: ProjectReflection): void {
  const ops = new Map(project.getReflectionsByKind(ReflectionKind.Function).map((op) => [op.name, op as DeclarationReflection]));
  for (const alias of project.getReflectionsByKind(ReflectionKind.Reference) as ReferenceReflection[]) {
    const op = ops.get(alias.getTargetReflectionDeep().name);
    if (op !== undefined && !ops.has(alias.name)) ops.set(alias.name, op);
  }
  for (const property of project.getReflectionsByKind(ReflectionKind.Property)) {
    if (!(property instanceof DeclarationReflection) || property.comment !== undefined || property.type?.type !== "reflection") continue;
    const op = ops.get(property.name);
    if (op?.signatures === undefined || property.type.declaration.signatures?.some(({ comment }) => comment !== undefined)) continue;
    if (property.inheritedFrom !== undefined && property.parent?.name !== "Tensor") {
      project.removeReflection(property);
      continue;
    }
    property.kind = ReflectionKind.Method;
    property.signatures = op.signatures.map((signature) => asMethod(signature, property));
    delete property.type;
  }
}

/** The signature of a method whose object is the first parameter of an op. */
function asMethod(op: SignatureReflection, method: DeclarationReflection): SignatureReflection {
  const signature = new SignatureReflection(op.name, ReflectionKind.CallSignature, method);
  signature.parameters = (op.parameters ?? []).slice(1).map((given) => {
    const parameter = new ParameterReflection(given.name, ReflectionKind.Parameter, signature);
    parameter.flags = given.flags;
    if (given.type !== undefined) parameter.type = given.type;
    if (given.defaultValue !== undefined) parameter.defaultValue = given.defaultValue;
    if (given.comment !== undefined) parameter.comment = given.comment.clone();
    return parameter;
  });
  if (op.type !== undefined) signature.type = op.type;
  if (op.comment !== undefined) signature.comment = op.comment.clone();
  return signature;
}
