import { type Expression, freeNames, type optim, parseExpression, toLatex } from "gradtape";
import type { Update } from "../anatomy.ts";
import { escape, mathml, numberLatex, numberText } from "./html.ts";

type Line = optim.ExplainedLine;

/** What a line does, in words, from what it assigns and reads. */
function meaning({ name, reads }: Line): string {
  const has = (read: string) => Object.hasOwn(reads, read);
  if (name === "g") return has("weightDecay") ? "Decay: the weight itself joins the gradient." : "The gradient, with the sign that is asked for.";
  if (name === "m") return "Momentum: a running mean of the gradient.";
  if (name === "v") return "A running mean of its square.";
  if (name === "vMax") return "The largest such mean so far.";
  if (name === "mHat" || name === "vHat") return "Both means began at 0; this makes up for it.";
  if (name === "buffer") return "Velocity: what is left of the last one, and the gradient.";
  if (name === "d") return "The direction to go.";
  if (name === "p") return has("weightDecay") && !has("g") ? "Decay: the weight shrinks a little by itself." : "The step.";
  return "";
}

/** A formula with every name replaced by its value. */
function withNumbers(expression: Expression, { reads }: Line): string {
  const symbols = freeNames(expression).map((name) => [name, numberLatex(reads[name], { operand: true })]);
  return toLatex(expression, Object.fromEntries(symbols));
}

function row(line: Line): string {
  const expression = parseExpression(line.text.slice(line.text.indexOf("=") + 1));
  const target = parseExpression(line.name);
  const symbolic = `${toLatex(target)} ${Object.hasOwn(line.reads, line.name) ? "\\leftarrow" : "="} ${toLatex(expression)}`;
  return `<tr>
  <td class="formula">${mathml(symbolic, { display: true })}<p>${escape(meaning(line))}</p></td>
  <td class="numbers">${mathml(`= ${withNumbers(expression, line)}`, { display: true })}</td>
  <td class="value">${escape(numberText(line.value, 7))}</td>
</tr>`;
}

/** How one weight moved: every line of the optimizer's rule, with its symbols, with its numbers, and what it gave. */
export function updateTable({ lines, gradient, before, after, terms }: Update): string {
  const sum = terms.map(({ name, value }) => `<span>${escape(signed(value))} <small>${escape(name)}</small></span>`).join(" ");
  const given = mathml(`g = \\frac{\\partial L}{\\partial p} = ${numberLatex(gradient)} \\qquad p = ${numberLatex(before, { precision: 7 })}`);
  return `<p class="given">Given: ${given}</p>
<div class="scroll"><table class="update">
<thead><tr><th>the rule</th><th>with its numbers</th><th>gives</th></tr></thead>
<tbody>
${lines.map(row).join("\n")}
</tbody>
</table></div>
<p class="moved">${escape(numberText(before, 7))} <span>→</span> <b>${escape(precise(after, before))}</b> <small>a change of ${escape(signed(after - before))}</small></p>
<p class="terms">${terms.length > 1 ? `which is ${sum}` : ""}</p>`;
}

/** A number with its sign, plus too. */
const signed = (value: number): string => `${value < 0 ? "" : "+"}${numberText(value)}`;

/** Seven digits, or as many as it takes to see that `value` is not `other`. */
function precise(value: number, other: number): string {
  if (Math.abs(value) < 1e-3) return numberText(value, 7);
  for (let digits = 7; digits <= 15; digits++)
    if (value.toPrecision(digits) !== other.toPrecision(digits)) return value.toPrecision(digits).replace("-", "−");
  return String(value);
}
