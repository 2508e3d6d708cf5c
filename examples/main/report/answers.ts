import type { data } from "gradtape";
import type { Evaluation } from "../evaluation.ts";
import { bitmapUri } from "./bitmap.ts";
import { escape } from "./html.ts";

/** The confusion matrix as a table, shaded by share of its row. */
export function confusionTable({ confusion }: Evaluation, classes: readonly string[]): string {
  const head = classes.map((name) => `<th scope="col">${escape(name)}</th>`).join("");
  const rows = confusion.map((row, label) => {
    const all = Math.max(
      1,
      row.reduce((sum, count) => sum + count, 0),
    );
    const cells = row.map((count, guess) => {
      if (count === 0) return '<td class="none">·</td>';
      const depth = label === guess ? 0.15 + 0.55 * (count / all) : Math.min(0.75, 0.12 + 10 * (count / all));
      const title = label === guess ? `${count} of ${all} recognised` : `${count} of ${all} taken for ${classes[guess]}`;
      return `<td class="${label === guess ? "right" : "wrong"}" style="--depth:${(100 * depth).toFixed(0)}%" title="${escape(title)}">${count}</td>`;
    });
    return `<tr><th scope="row">${escape(classes[label])}</th>${cells.join("")}<td class="share">${((100 * row[label]) / all).toFixed(1)} %</td></tr>`;
  });
  return `<table class="confusion">
<thead><tr><th></th>${head}<th></th></tr></thead>
<tbody>
${rows.join("\n")}
</tbody>
</table>`;
}

/** The mistakes of which the network was surest, as pictures. */
export function mistakeGallery({ mistakes }: Evaluation, test: data.ImageDataset, count = 18): string {
  if (mistakes.length === 0) return "<p>None: every test image was recognised.</p>";
  const [, height, width] = test.shape;
  const figures = mistakes.slice(0, count).map(({ index, label, guess, confidence }) => {
    const [is, seen] = [test.classes[label], test.classes[guess]].map(escape);
    const picture = `<img src="${bitmapUri(test.image(index), width, height)}" width="${width}" height="${height}" alt="a ${is}">`;
    return `<figure title="test image ${index}">${picture}<figcaption><b>${is}</b> seen as <i>${seen}</i><small>${(100 * confidence).toFixed(0)} % sure</small></figcaption></figure>`;
  });
  return `<div class="gallery">${figures.join("\n")}</div>`;
}
