import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isTest, packages, root, sourcesOf } from "./workspace.ts";

const WARN = 250;
const FAIL = 300;

/** Counts the lines of every file, and the totals of every package: lines are spent, so they are counted. */
export function lineCounts(): { problems: string[]; warnings: string[]; table: string[] } {
  const folders = [...packages().map((item) => item.folder.slice(root.length + 1)), "examples", "scripts", "tests", "docs"];
  const problems: string[] = [];
  const warnings: string[] = [];
  const table = ["folder             files   lines   test lines"];
  let [files, code, tests] = [0, 0, 0];
  for (const folder of folders) {
    let [folderFiles, folderCode, folderTests] = [0, 0, 0];
    for (const file of sourcesOf(join(root, folder))) {
      const lines = readFileSync(join(root, folder, file), "utf8").split("\n").length - 1;
      folderFiles++;
      if (isTest(file)) folderTests += lines;
      else folderCode += lines;
      if (lines > FAIL) problems.push(`${folder}/${file} has ${lines} lines, more than ${FAIL}; split it by concept`);
      else if (lines > WARN) warnings.push(`${folder}/${file} has ${lines} lines, more than ${WARN}`);
    }
    table.push(row(folder, folderFiles, folderCode, folderTests));
    [files, code, tests] = [files + folderFiles, code + folderCode, tests + folderTests];
  }
  table.push(row("total", files, code, tests));
  return { problems, warnings, table };
}

const row = (name: string, ...numbers: readonly number[]): string =>
  name.padEnd(18) + numbers.map((n, k) => String(n).padStart([6, 8, 13][k])).join("");
