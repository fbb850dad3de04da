/**
 * What `kill -9` is tried on: runs and pipelines of the simulated camera as a generator draws them, from whose moment of
 * death on their processes are waited for, and what the survivors say.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type ToldReport, toldReport } from "../e2e/told-report.js";
import { momentWithin, until } from "../until.js";
import { bin, type Container, hasStarted, locate, containers as table } from "./containers.js";

/** What the camera sees; every kill of a scene has the same frames. */
export interface Scene {
  readonly name: string;
  readonly camera: readonly string[];
  /** Frames of the truth, and the most a run of it takes. */
  readonly frames: number;
}

const beads = ["--beads", "7", "--bit-depth", "12", "--seed", "5"];
export const scenes: readonly Scene[] = [
  { name: "small", camera: ["--size", "96x80", ...beads], frames: 900 },
  { name: "large", camera: ["--size", "400x300", ...beads], frames: 200 },
];

export interface Output {
  readonly container: Container;
  /** Name in the run's folder. */
  readonly name: string;
}

export interface KillPlan {
  readonly folder: string;
  readonly scene: Scene;
  /** Frames a second; null: as fast as they are taken, which is no live source. */
  readonly fps: number | null;
  readonly sink: "archive" | "compress" | "output";
  readonly outputs: readonly Output[];
  /** The stages of a pipeline, or all in one process. */
  readonly isPipeline: boolean;
  /** Which process dies: 0 the source. */
  readonly victim: number;
  /** Dies while it starts, or once frames are stored. */
  readonly isEarly: boolean;
  readonly withinMs: number;
  /** Number in the names of a folder's TIFFs. */
  readonly run: number;
}

const folderName = "frames";
/** Of a folder of TIFFs, where a name of the run before is in the way. */
const tiffNames = ["--name-template", "run_{run:03}_f_{frame:06}.tif", "--run"];

/** Draws the next kill, in a folder of its own, which is made. */
export function drawKill(folder: string, random: () => number): KillPlan {
  const pick = <T>(from: readonly T[]) => from[Math.floor(random() * from.length)]!;
  mkdirSync(join(folder, "tmp"), { recursive: true });
  const isPipeline = random() < 0.6;
  const sink = pick(["archive", "archive", "archive", "archive", "archive", "compress", "output"] as const);
  const of = (reader: string) => table.find((container) => container.reader === reader)!;
  const named = (container: Container, index: number): Output => ({
    container,
    name: container.ending === "/" ? folderName : `run${index}${container.ending}`,
  });
  let outputs: Output[];
  if (sink === "compress") outputs = [named(of("jxls"), 0)];
  else if (sink === "output") outputs = [named(of("mote"), 0)];
  else {
    const left = table.filter(({ stage }) => stage === "archive");
    const count = pick([1, 1, 2, 3]);
    outputs = Array.from({ length: count }, (_, index) =>
      named(left.splice(Math.floor(random() * left.length), 1)[0]!, index),
    );
  }
  const processes = isPipeline ? (sink === "archive" ? 3 : 2) : 1;
  return {
    folder,
    scene: random() < 0.75 ? scenes[0]! : scenes[1]!,
    fps: random() < 0.75 ? 40 + Math.round(random() * 260) : null,
    sink,
    outputs,
    isPipeline,
    victim: Math.floor(random() * processes),
    isEarly: random() < 0.12,
    withinMs: 500,
    run: 1,
  };
}

/** The command lines of its processes, without what reports need. `frames`: how many are taken. */
export function processesOf(plan: KillPlan, frames = plan.scene.frames, given: readonly string[] = []): string[][] {
  const { scene, fps, sink, outputs, isPipeline, run } = plan;
  const pace = fps === null ? [] : ["--fps", String(fps)];
  const acquire = ["acquire", "--camera", "sim", ...scene.camera, "--frames", String(frames), ...pace];
  const outs = outputs.flatMap(({ name, container: { ending } }) => ["--out", ending === "/" ? `${name}/` : name]);
  const options = outputs.flatMap(({ container }) =>
    container.reader === "tifs" ? [...tiffNames, String(run)] : (container.options ?? []),
  );
  const last =
    sink === "output"
      ? ["--output", outputs[0]!.name, ...given]
      : [sink, ...outs, ...options, "--min-free", "0", ...given];
  if (sink === "output") {
    return isPipeline ? [acquire, [...locate, ...last]] : [[...acquire, ...last]];
  }
  const stages = sink === "archive" ? [acquire, locate, last] : [acquire, last];
  if (isPipeline) return stages;
  return [["run", ...stages.flatMap((words, index) => (index === 0 ? words : ["then", ...words]))]];
}

/** Text of one process's stderr. */
function saidBy(folder: string, index: number): string {
  const path = join(folder, `said${index}`);
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

/** The numbers of a report, of stages in order. */
export interface Ended {
  /** Of each process; 137 of the killed one. */
  readonly codes: readonly number[];
  readonly said: readonly string[];
  /** Undefined of the killed one, and of one that refused. */
  readonly reports: readonly (ToldReport | undefined)[];
}

/** Runs the plan's processes, kills one, and waits until all have ended by themselves. */
export async function killed(plan: KillPlan, random: () => number): Promise<Ended> {
  const { folder } = plan;
  const words = processesOf(plan).map(([verb, ...rest]) => [bin, verb!, "--json", ...rest]);
  const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;
  const lines = words.map(
    (line, index) =>
      `(echo $BASHPID > pid${index}; exec ${[process.execPath, ...line].map(quoted).join(" ")} 2> said${index})`,
  );
  const script = `cd ${quoted(folder)}; ${lines.join(" | ")}; echo "\${PIPESTATUS[*]}" > codes`;
  const shell = spawn("bash", ["-c", script], {
    stdio: "ignore",
    detached: true,
    env: { ...process.env, TMPDIR: join(folder, "tmp") },
  });
  const what = (action: string) => `${action}: ${describeKill(plan)}`;
  const pidFile = join(folder, `pid${plan.victim}`);
  const pid = await until(() => (existsSync(pidFile) ? Number(readFileSync(pidFile, "utf8")) : 0), {
    what: what("a process to begin"),
  });
  if (!plan.isEarly) {
    const [{ container, name }] = plan.outputs as [Output];
    const hasBegun = () => hasStarted(container, join(folder, name)) || shell.exitCode !== null;
    await until(hasBegun, { what: what("stored frames") });
  }
  await momentWithin(plan.withinMs, random);
  if (isRunning(pid)) process.kill(pid, "SIGKILL");
  // Its group are the shell and everything started there.
  await until(() => shell.exitCode !== null && !isRunning(-shell.pid!), { what: what("every process to end") });
  const codes = readFileSync(join(folder, "codes"), "utf8").trim().split(" ").map(Number);
  const said = words.map((_, index) => saidBy(folder, index));
  return { codes, said, reports: said.map(toldReport) };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** "acquire | track | archive of run0.h5 and run1.csv (small, 120 Hz), killed 2 while it started": for a failing test. */
export function describeKill({ scene, fps, sink, outputs, isPipeline, victim, isEarly }: KillPlan): string {
  const rate = fps === null ? "flat out" : `${fps} Hz`;
  const names = outputs.map(({ name }) => name).join(" and ");
  const which = isPipeline ? `process ${victim}` : "the run";
  return `${sink} of ${names} (${scene.name}, ${rate}), ${which} killed${isEarly ? " while it started" : ""}`;
}
