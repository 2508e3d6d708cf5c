import { type Call, type Code, type FunctionBuilder, i32, type Local, type ModuleBuilder, v128 } from "../../assembler/index.ts";
import { transposed } from "../matmul/pack.ts";
import { lanesOf, sizeOf, type TileShape } from "../matmul/shape.ts";

/** All of some conditions. */
const all = (conditions: readonly Code[]): Code => conditions.reduce((a, b) => i32.and(a, b));

/** Whether numbers at these addresses lie next to one another. */
const adjacent = (addresses: readonly Local[], size: number): Code =>
  all(addresses.slice(1).map((address, i) => i32.eq(address, i32.add(addresses[i], i32.const(size)))));

/**
 * `gather(source, lanes, steps, count, target)`: lines of `width` numbers next to one another. Line k has in its place i the number at
 * `source + lanes[i] + steps[k]`, both tables of offsets in bytes. Where places or lines lie next to one another in the source, whole vectors are moved.
 */
export function addGather(module: ModuleBuilder, name: string, shape: TileShape, width: number): Call {
  const size = sizeOf(shape);
  const lanes = lanesOf(shape);
  return module.function(name, ["i32", "i32", "i32", "i32", "i32"], [], (f) => {
    const [source, table, steps, count, target] = f.parameters;
    const places = Array.from({ length: width }, (_, i) => f.let("i32", i32.add(source, i32.load(table, 4 * i))));
    const apart = (): void => {
      for (let from = 0; from < width; from += lanes)
        writeGroup(f, shape, {
          places: places.slice(from, from + lanes),
          steps: f.let("i32", steps),
          count: f.let("i32", count),
          target: f.let("i32", i32.add(target, i32.const(from * size))),
          lineBytes: width * size,
        });
    };
    if (width % lanes !== 0) return apart();
    f.if(
      adjacent(places, size),
      () =>
        f.countDown(count, () => {
          const from = f.let("i32", i32.add(places[0], i32.load(steps)));
          const line: Local[] = [];
          for (let j = 0; j < width / lanes; j++) line.push(f.let("v128", v128.load(from, 16 * j)));
          line.forEach((vector, j) => void f.emit(v128.store(target, vector, 16 * j)));
          f.advance(steps, 4);
          f.advance(target, width * size);
        }),
      apart,
    );
  });
}

interface Group {
  /** Where the numbers of line 0 would lie without its step: as many as a vector has, or fewer. */
  readonly places: readonly Local[];
  readonly steps: Local;
  readonly count: Local;
  readonly target: Local;
  readonly lineBytes: number;
}

/** The lines of one vector's places: whole vectors where these are adjacent, squares of numbers where as many lines are, else one by one. */
function writeGroup(f: FunctionBuilder, shape: TileShape, { places, steps, count, target, lineBytes }: Group): void {
  const size = sizeOf(shape);
  const lanes = lanesOf(shape);
  const [loadZero, loadLane] = size === 4 ? [v128.load32Zero, v128.load32Lane] : [v128.load64Zero, v128.load64Lane];
  const save = (vector: Local, line: number): Code =>
    places.length * size === 16 ? v128.store(target, vector, line * lineBytes) : v128.store64Lane(target, vector, 0, line * lineBytes);

  const oneByOne = (line: number, step: Local): void => {
    const vector = f.let("v128", loadZero(i32.add(places[0], step)));
    for (let i = 1; i < places.length; i++) f.emit(vector.set(loadLane(i32.add(places[i], step), vector, i)));
    f.emit(save(vector, line));
  };

  const square = (): void => {
    const own = Array.from({ length: lanes }, (_, k) => f.let("i32", i32.load(steps, 4 * k)));
    f.if(
      adjacent(own, size),
      () => {
        const rows = Array.from({ length: lanes }, (_, i) => f.let("v128", v128.load(i32.add(places[Math.min(i, places.length - 1)], own[0]))));
        transposed(f, rows).forEach((vector, line) => void f.emit(save(vector, line)));
      },
      () => own.forEach((step, line) => void oneByOne(line, step)),
    );
  };

  const eachLine = (left: Local, write: (step: Local) => void): void =>
    f.countDown(left, () => {
      write(f.let("i32", i32.load(steps)));
      f.advance(steps, 4);
      f.advance(target, lineBytes);
    });

  const apart = (): void => {
    const squares = f.let("i32", i32.shrU(count, i32.const(Math.log2(lanes))));
    f.if(squares, () =>
      f.countDown(squares, () => {
        square();
        f.advance(steps, 4 * lanes);
        f.advance(target, lanes * lineBytes);
      }),
    );
    const rest = f.let("i32", i32.and(count, i32.const(lanes - 1)));
    f.if(rest, () => eachLine(rest, (step) => oneByOne(0, step)));
  };
  if (places.length < lanes) return apart();
  f.if(adjacent(places, size), () => eachLine(count, (step) => f.emit(save(f.let("v128", v128.load(i32.add(places[0], step))), 0))), apart);
}
