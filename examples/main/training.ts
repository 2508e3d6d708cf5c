import { crossEntropy, data, Generator, type nn, optim, type Tensor } from "gradtape";
import { type Anatomy, dissect } from "./anatomy.ts";
import type { Datasets } from "./datasets.ts";
import { evaluate } from "./evaluation.ts";
import { flatten, makeNetwork } from "./network.ts";
import { makeOptimizer } from "./optimizers.ts";
import { makeSchedule } from "./schedules.ts";
import { hyperparameters, type Settings } from "./settings.ts";

/** What a run tells while it goes on; `accuracy` of a step is that of its batch. */
export type TrainingEvent =
  | { readonly kind: "step"; readonly step: number; readonly loss: number; readonly rate: number; readonly accuracy: number }
  | { readonly kind: "evaluation"; readonly step: number; readonly loss: number; readonly accuracy: number };

/** Numbers of every step so far, and of the test set now and then. */
export interface History {
  readonly losses: number[];
  readonly accuracies: number[];
  readonly evaluations: { readonly step: number; readonly loss: number; readonly accuracy: number }[];
}

/** A whole run at one moment, as data for a checkpoint. */
export interface TrainingState {
  readonly settings: Settings;
  readonly step: number;
  readonly seconds: number;
  readonly model: nn.StateDict;
  readonly optimizer: optim.OptimizerStateDict;
  readonly scheduler: optim.SchedulerStateDict;
  readonly loader: data.DataLoaderState;
  readonly generator: ReturnType<Generator["state"]>;
  readonly history: { readonly losses: Float64Array; readonly accuracies: Float64Array; readonly evaluations: History["evaluations"] };
  readonly anatomy: Anatomy | null;
}

/** One training run: prints nothing, touches no file, and can be saved and continued after any of its events. */
export class Training {
  readonly settings: Settings;
  readonly generator: Generator;
  readonly model: nn.Sequential;
  readonly optimizer: optim.Optimizer;
  readonly scheduler: optim.LRScheduler;
  readonly history: History = { losses: [], accuracies: [], evaluations: [] };
  anatomy: Anatomy | null = null;
  /** Time spent in steps. */
  seconds = 0;
  readonly #loader: data.DataLoader<data.LabelledImage>;
  readonly #test: data.ImageDataset;

  constructor(settings: Settings, { train, test }: Datasets) {
    if (settings.batch > train.length)
      throw new RangeError(`--batch: ${settings.batch} examples per step, but there are only ${train.length} in all; take fewer`);
    this.settings = settings;
    this.generator = new Generator(settings.seed);
    this.model = makeNetwork(this.generator);
    this.optimizer = makeOptimizer(settings.optimizer, this.model.namedParameters(), hyperparameters(settings));
    this.scheduler = makeSchedule(settings.schedule, this.optimizer, settings.steps, settings.warmup);
    this.#loader = new data.DataLoader(train, { batchSize: settings.batch, shuffle: true, seed: settings.seed, dropLast: true });
    this.#test = test;
  }

  /** Steps done. */
  get step(): number {
    return this.history.losses.length;
  }

  /** The step that is taken apart: half-way, where the rate is neither warming up nor nearly zero. */
  get dissectedStep(): number {
    return Math.ceil(this.settings.steps / 2);
  }

  /** Trains to the end of the settings' steps. Leave the loop at any event; a new call goes on. Throws when the loss is no longer a number. */
  async *run(): AsyncGenerator<TrainingEvent, void, undefined> {
    const { steps } = this.settings;
    const pause = Math.max(250, Math.ceil(steps / 6));
    if (this.step < steps) this.#loader.loadStateDict(this.#loader.stateDict()); // goes on inside the epoch
    while (this.step < steps)
      for await (const [images, labels] of this.#loader) {
        const event = this.#train(images, labels);
        const due = this.step % pause === 0 && this.step < steps;
        const { loss, accuracy } = due ? evaluate(this.model, this.#test) : event;
        if (due) this.history.evaluations.push({ step: this.step, loss, accuracy });
        yield event;
        if (due) yield { kind: "evaluation", step: event.step, loss, accuracy };
        if (this.step >= steps) return;
      }
  }

  #train(images: Tensor, labels: Tensor): TrainingEvent {
    const step = this.step + 1;
    const begin = performance.now();
    const logits = this.model.forward(flatten(images));
    const loss = crossEntropy(logits, labels);
    const value = loss.item();
    if (!Number.isFinite(value)) throw new Error(`training: the loss is ${value} at step ${step}; take a smaller --lr or a longer --warmup`);
    this.optimizer.zeroGrad();
    if (step === this.dissectedStep) this.anatomy = dissect(step, loss, this.model, this.optimizer);
    else loss.backward();
    const [rate] = this.scheduler.getLastLr();
    this.#move(images, labels);
    this.scheduler.step();
    const right = labels.data();
    const hits = Array.from(logits.argmax(1).data()).filter((guess, k) => guess === right[k]).length;
    const accuracy = hits / right.length;
    this.history.losses.push(value);
    this.history.accuracies.push(accuracy);
    this.seconds += (performance.now() - begin) / 1000;
    return { kind: "step", step, loss: value, rate, accuracy };
  }

  /** One step of the optimizer; LBFGS asks for the loss again, at every place that it tries. */
  #move(images: Tensor, labels: Tensor): void {
    if (!(this.optimizer instanceof optim.LBFGS)) return void this.optimizer.step();
    this.optimizer.step(() => {
      this.optimizer.zeroGrad();
      const loss = crossEntropy(this.model.forward(flatten(images)), labels);
      loss.backward();
      return loss;
    });
  }

  /** Everything that the run depends on, as it is now. */
  state(): TrainingState {
    const { losses, accuracies, evaluations } = this.history;
    return {
      settings: this.settings,
      step: this.step,
      seconds: this.seconds,
      model: this.model.stateDict(),
      optimizer: this.optimizer.stateDict(),
      scheduler: this.scheduler.stateDict(),
      loader: this.#loader.stateDict(),
      generator: this.generator.state(),
      history: { losses: Float64Array.from(losses), accuracies: Float64Array.from(accuracies), evaluations: [...evaluations] },
      anatomy: this.anatomy,
    };
  }

  /** Goes back to a saved state; every later number is the one that the saved run would have given. */
  restore(state: TrainingState): void {
    this.model.loadStateDict(state.model);
    this.optimizer.loadStateDict(state.optimizer);
    this.scheduler.loadStateDict(state.scheduler);
    this.#loader.loadStateDict(state.loader);
    this.generator.setState(state.generator);
    this.history.losses.splice(0, Infinity, ...state.history.losses);
    this.history.accuracies.splice(0, Infinity, ...state.history.accuracies);
    this.history.evaluations.splice(0, Infinity, ...state.history.evaluations);
    this.anatomy = state.anatomy;
    this.seconds = state.seconds;
  }
}
