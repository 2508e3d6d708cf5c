import { bundle, chromiumPath, TestPage } from "../browser/chromium.ts";
import type { Replayer } from "./backends.ts";
import type { Recording } from "./recording.ts";
import type { FileReport } from "./replay.ts";

/** Replays on the GPU device of a page in Chromium: the page has the same replay, and is given the recordings. */
export async function openPage(folder: readonly Recording[]): Promise<Replayer> {
  if (chromiumPath === undefined) throw new Error("golden: there is no Chromium; install it, or set GRADTAPE_CHROMIUM");
  const page = await TestPage.open(await bundle(`${import.meta.dirname}/page.ts`));
  await page.call("load", folder);
  return {
    replay: (recording, only) => page.call<FileReport>("replay", recording.file, only),
    close: () => page.close(),
  };
}
