// Lets Node run the workspace's TypeScript as it stands: `node --conditions=@gradtape/source --import=./scripts/typescript.mjs file.ts`.
import { register } from "node:module";

process.setSourceMapsEnabled(true);
register("./typescript-hooks.mjs", import.meta.url);
