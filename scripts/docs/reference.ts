import { join, relative } from "node:path";
import {
  Application,
  Converter,
  DeclarationReflection,
  Logger,
  LogLevel,
  type ProjectReflection,
  ReflectionFlag,
  ReflectionKind,
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

/** Gives chaining methods, which a mapped type declares, the documentation of the op that they call. */
function documentMethods(project: ProjectReflection): void {
  const ops = new Map(
    project
      .getReflectionsByKind(ReflectionKind.Function | ReflectionKind.Variable)
      .map((op) => [op.name, op.comment ?? (op as DeclarationReflection).signatures?.find((signature) => signature.comment)?.comment]),
  );
  for (const property of project.getReflectionsByKind(ReflectionKind.Property)) {
    if (!(property instanceof DeclarationReflection) || property.comment !== undefined) continue;
    const inner = property.type?.type === "reflection" ? property.type.declaration.signatures : undefined;
    if (inner?.some((signature) => signature.comment)) continue;
    const comment = property.type?.type === "reflection" ? ops.get(property.name)?.clone() : undefined;
    if (comment !== undefined) {
      comment.blockTags = [];
      property.comment = comment;
    }
  }
}
