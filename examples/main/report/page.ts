import type { data } from "gradtape";
import type { Anatomy } from "../anatomy.ts";
import type { Evaluation } from "../evaluation.ts";
import type { Training } from "../training.ts";
import { confusionTable, mistakeGallery } from "./answers.ts";
import { accuracyCurve, lossCurve, scheduleCurve } from "./curves.ts";
import { escape, numberText } from "./html.ts";
import { style } from "./style.ts";
import { tapeGraph, tapeList } from "./tape.ts";
import { updateTable } from "./update.ts";

/** What a report tells about. */
export interface Told {
  readonly run: Training;
  readonly test: data.ImageDataset;
  readonly evaluation: Evaluation;
  readonly backend: string;
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
const count = (n: number): string => n.toLocaleString("en").replaceAll(",", "\u202f");

function facts({ run, evaluation, backend }: Told): string {
  const parameters = run.model.parameters().reduce((sum, { size }) => sum + size, 0);
  const rows = [
    ["test accuracy", percent(evaluation.accuracy)],
    ["test loss", evaluation.loss.toFixed(4)],
    ["steps", count(run.step)],
    ["parameters", count(parameters)],
    ["training", `${run.seconds.toFixed(0)} s`],
    ["backend", backend],
  ];
  return `<dl class="facts">${rows.map(([name, value], k) => `<div${k === 0 ? ' class="first"' : ""}><dt>${name}</dt><dd>${escape(value)}</dd></div>`).join("")}</dl>`;
}

function curves({ run, evaluation }: Told): string {
  const { losses, accuracies, evaluations } = run.history;
  const last = { step: run.step, loss: evaluation.loss, accuracy: evaluation.accuracy };
  const history = { losses, accuracies, evaluations: [...evaluations.filter(({ step }) => step !== run.step), last] };
  const key = `<p class="key"><span style="--of:var(--first)">training batches: mean and range</span><span style="--of:var(--second)">test set</span></p>`;
  return `<div class="pair">
<section id="loss"><h2>Loss</h2>${key}${lossCurve(history)}</section>
<section id="accuracy"><h2>Accuracy</h2>${key}${accuracyCurve(history)}</section>
</div>`;
}

function schedule({ run }: Told): string {
  const { steps, warmup, schedule: name } = run.settings;
  const text =
    warmup === 0 ? `The schedule “${name}”.` : `The schedule “${name}”: ${count(warmup)} steps up from a hundredth of the rate, then down.`;
  const drawing = scheduleCurve((step) => run.scheduler.lrAt(step), steps, run.dissectedStep);
  return `<section id="schedule"><h2>Learning rate</h2><p>${escape(text)}</p><div class="scroll">${drawing}</div></section>`;
}

async function anatomy({ run }: Told): Promise<string> {
  const { anatomy } = run;
  if (anatomy === null) return "";
  const graph = await tapeGraph(anatomy.tape);
  const operations = anatomy.tape.filter(({ kind }) => kind === "operation").length;
  return `<section id="tape"><h2>The tape of one step</h2>
<p>What was recorded while the network looked at the batch of step ${count(anatomy.step)}: ${operations} operations, from the images down to the loss L.</p>
<div class="tape"><div class="scroll">${graph}</div>
<aside>
<p class="key"><span style="--of:var(--parameter);--rim:var(--first)">parameters, which are trained</span><span style="--of:var(--operation);--rim:var(--line)">operations</span><span style="--of:var(--data);--rim:var(--line)">data, to which no gradient flows</span></p>
<p>The forward pass goes <b>down</b> the arrows. Each box shows the shape of its result, and what it <b>saves</b> because its derivative will ask for it.</p>
<p>The backward pass goes <b>up</b> the same arrows, from the loss, whose gradient is 1. <span style="color:var(--second)">|∂L|</span> is the length of the gradient that arrived at a box; in the parameters it is what the optimizer is given.</p>
<p>The same as a list, in the order in which it was written; a <b>·</b> stands for data:</p>
<div class="scroll">${tapeList(anatomy.tape)}</div>
</aside></div></section>
${updateSection(anatomy)}`;
}

function updateSection({ update, optimizer, step }: Anatomy): string {
  const head = `<section id="update"><h2>How ${escape(optimizer)} moved one weight</h2>`;
  if (update === null) return `${head}<p>It has no rule for one weight: it moves all of them together, along one direction.</p></section>`;
  const { parameter = "weight", index } = update;
  return `${head}
<p>${escape(`${parameter}[${index.join(", ")}]`)}, the weight ${lastLayer(index)}, in step ${count(step)}. It is the one of its layer with the largest gradient.</p>
${updateTable(update)}</section>`;
}

const lastLayer = ([digit, unit]: readonly number[]): string => `from hidden unit ${unit} to the digit ${digit}`;

function answers({ evaluation, test }: Told): string {
  const { mistakes } = evaluation;
  return `<div class="pair">
<section id="confusion"><h2>Confusion matrix</h2><p>Rows: the digit that it is. Columns: the digit that the network saw.</p><div class="scroll">${confusionTable(evaluation, test.classes)}</div></section>
<section id="mistakes"><h2>Mistakes</h2><p>${count(mistakes.length)} of ${count(test.length)}; those first of which it was surest.</p>${mistakeGallery(evaluation, test)}</section>
</div>`;
}

function setup({ run }: Told): string {
  const { settings } = run;
  const rows = Object.entries(settings).filter(([, value]) => value !== null);
  const cells = rows.map(
    ([name, value]) => `<tr><td>${escape(words(name))}</td><td>${escape(typeof value === "number" ? numberText(value) : value)}</td></tr>`,
  );
  return `<section id="settings"><h2>Settings and network</h2><p>The same settings give the same numbers on every machine.</p>
<div class="settings"><table>${cells.join("")}</table><pre>${escape(String(run.model))}</pre></div></section>`;
}

const words = (name: string): string => (name === "lr" ? "learning rate" : name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`));

/** The report of a run: one HTML page that loads nothing. */
export async function renderReport(told: Told): Promise<string> {
  const { run, evaluation, test } = told;
  const what = run.settings.dataset === "mnist" ? "MNIST digits" : "drawn digits";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${percent(evaluation.accuracy)}: a network learns digits</title>
<style>${style}</style>
</head>
<body><main>
<header><h1>A network learns to read digits</h1>
<p>784-256-128-10 with ReLU, trained by ${escape(run.optimizer.name)} on ${what} in batches of ${run.settings.batch}, tested on ${count(test.length)} that it never saw.</p>
${facts(told)}</header>
${curves(told)}
${schedule(told)}
${await anatomy(told)}
${answers(told)}
${setup(told)}
</main></body>
</html>
`;
}
