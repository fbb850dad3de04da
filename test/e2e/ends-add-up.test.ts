/**
 * Streams that end early, drawn by the run's seed: cut at any byte, or a live camera whose pipeline is interrupted, killed or
 * left by its reader. Whatever the pipeline (two to four processes, a slow reader at any place), every frame is stored or
 * said to be lost, and the exit codes say so. MOTE_CUTS and MOTE_INTERRUPTS say how many of each are drawn.
 */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lookAtFiles } from "../../src/core/storage/read/look-at-files.js";
import { randomOfRun } from "../seed.js";
import { lastWord, mote, slowly, startPipeline, teeTo, wholeFrames } from "./pipeline-trial.js";
import { openShell, type Shell } from "./shell.js";

const cuts = Number(process.env.MOTE_CUTS ?? 3);
const interrupts = Number(process.env.MOTE_INTERRUPTS ?? 3);
const camera = "acquire --camera sim --size 32x32 --beads 3 --diffusion 0";
const track = "track --diameter 7 --minmass 100 --workers 1";
const messageBytes = 40 + 152 + 32 * 32 * 2;
const files = ["x.h5", "x.mote", "x.ome.zarr", "x.tif"];
/** What two pipes and the program between them hold, in frames, when a reader leaves it without a word. */
const mostUnseen = Math.ceil((2 * 65_536 + 2 * 131_072) / messageBytes);
/** stream-in and the stage behind it, and stream-out where the stage passes frames on. */
const stagesOf = { camera: 2, track: 3, archive: 2 };

function drawing(name: string) {
  const random = randomOfRun(name);
  return {
    between: (least: number, most: number) => least + Math.floor(random() * (most - least + 1)),
    pick: <T>(from: readonly T[]) => from[Math.floor(random() * from.length)]!,
    chance: (share: number) => random() < share,
  };
}

/** Runs all trials, and fails with what was wrong in each of those that failed. */
async function each(trials: number, trial: (at: number) => Promise<void>): Promise<void> {
  const wrong: string[] = [];
  for (let at = 0; at < trials; at++) {
    try {
      await trial(at);
    } catch (error) {
      const { message, stack, actual, expected } = error as Error & { actual?: unknown; expected?: unknown };
      const [came, right] = [JSON.stringify(actual), JSON.stringify(expected)];
      wrong.push(came === undefined ? `trial ${at}: ${stack ?? message}` : `came ${came}, right is ${right}`);
      console.error(wrong.at(-1));
    }
  }
  expect(wrong).toEqual([]);
}

/** What is in an archive: frames, as verify counts them, and the loss that it passes on to whoever replays it. */
async function judge(shell: Shell, file: string) {
  const { out } = await shell.mote(["verify", file, "--json"]);
  const [found] = JSON.parse(out).files;
  const facts = await lookAtFiles("test", [join(shell.folder, file)], undefined);
  return { stored: found.frames as number, verdict: found.verdict as string, recorded: facts.files[0]!.recordedLoss };
}

test(`${cuts} streams cut anywhere: what came whole is stored or said lost`, {
  timeout: 120_000 * (cuts + 1),
}, async () => {
  const { between, pick, chance } = drawing("cut streams");
  const streams = openShell("cut-streams");
  await streams.run(`mote ${camera} --frames 200 --fps 1000 | cat >live; mote ${camera} --frames 200 | cat >simulated`);
  await each(cuts, async (at) => {
    const shell = openShell("cut-anywhere");
    const stream = join(streams.folder, pick(["live", "simulated"]));
    const whole = readFileSync(stream);
    const byte = between(4000, whole.length - 2000);
    const came = wholeFrames(whole, byte);
    const [file, table] = [pick(files), pick(["x.csv", "x.parquet"])];
    const taking = chance(0.4) ? "--allow-truncated" : "";
    const hasTracks = chance(0.5);
    const parts = [`head -c ${byte} ${stream}`];
    if (hasTracks) parts.push(mote("track", `${track} ${taking}`));
    const outs = hasTracks ? `--out ${file} --out ${table}` : `--out ${file}`;
    parts.push(mote("archive", `archive ${outs} --min-free 0 ${taking}`));
    if (chance(0.5)) parts.splice(between(1, parts.length - 1), 0, slowly(between(2e5, 1e6)));
    const what = `cut ${at}: ${parts.join(" | ")}`;
    const pipeline = startPipeline(shell.folder, parts.join(" | "));
    const codes = (await pipeline.ended([])).parts;
    const { report, code } = lastWord(shell.folder, "archive", codes.at(-1));
    const { stored, recorded } = await judge(shell, file);
    expect([what, stored + report.lost, report.isComplete]).toEqual([what, came, false]);
    expect([what, codes.at(-1), code]).toEqual([what, taking ? 3 : 1, taking ? 3 : 1]);
    expect([what, recorded?.isComplete]).toEqual([what, false]);
    if (hasTracks) {
      const said = lastWord(shell.folder, "track", undefined);
      expect([what, said.report.stages[0]!.in, said.code]).toEqual([what, came, taking ? 3 : 1]);
      const written = report.stages.at(-1)!.summary.files as { path: string; rows: number }[];
      expect([what, written[1]!.rows]).toEqual([what, said.report.stages[1]!.summary.particles]);
      const judged = JSON.parse((await shell.mote(["verify", table, "--json"])).out).files[0];
      expect([what, judged.rows]).toEqual([what, written[1]!.rows]);
    }
    rmSync(shell.folder, { recursive: true, force: true });
  });
  rmSync(streams.folder, { recursive: true, force: true });
});

/** How a live pipeline ends: who gets which signal, or what the last program does. */
const ways = [
  { to: "all", signal: "SIGINT" },
  { to: "all", signal: "SIGTERM" },
  { to: "camera", signal: "SIGINT" },
  { to: "camera", signal: "SIGTERM" },
  { to: "archive", signal: "SIGINT" },
  { to: "archive", signal: "SIGTERM" },
  { to: "middle", signal: "SIGKILL" },
  { to: "head", signal: "SIGPIPE" },
] as const;
const shapes = [
  ["camera", "archive"],
  ["camera", "track", "archive"],
  ["camera", "track", "tee", "archive"],
  ["camera", "tee", "track", "archive"],
] as const;

test(`${interrupts} live pipelines ended early: every frame exposed is stored or said lost`, {
  timeout: 180_000 * interrupts,
}, async () => {
  const { between, pick } = drawing("interrupted pipelines");
  const firstWay = between(0, ways.length - 1);
  await each(interrupts, async (at) => {
    const way = ways[(firstWay + at) % ways.length]!;
    const shell = openShell("ended-early");
    const shape = pick(
      shapes.filter((names) => {
        if (way.to === "head") return !names.includes("tee" as never);
        return way.to !== "middle" || names.includes("track" as never);
      }),
    );
    const [file, side] = [pick(files), pick(["side.h5", "side.mote"])];
    const sideLine = `archive --out ${side} --min-free 0`;
    const lines = {
      camera: mote("camera", `${camera} --fps 200 --truth truth.csv`),
      track: mote("track", track),
      tee: teeTo("side", sideLine),
      archive:
        way.to === "head"
          ? `head -c ${between(40_000, 1_000_000)} >kept`
          : mote("archive", `archive --out ${file} --min-free 0`),
    };
    const parts: string[] = shape.map((name) => lines[name]);
    const slowPlace = between(0, shape.length - 1);
    // A program in front of `head` would read on what nobody reads.
    const isSlow = slowPlace > 0 && way.to !== "head";
    if (isSlow) parts.splice(slowPlace, 0, slowly(between(2e5, 6e5)));
    const hasSide = shape.includes("tee" as never);
    const line = parts.join(" | ");
    const pipeline = startPipeline(shell.folder, line);
    try {
      const watched = pick(shape.filter((name) => name !== "tee" && (way.to !== "head" || name !== "archive")));
      const frames = between(10, 150);
      const what = `pipeline ${at}: ${way.signal} to ${way.to} after ${frames} frames at ${watched}: ${line}`;
      if (way.to !== "head") {
        await pipeline.wrote(watched, frames * (watched === "archive" ? 500 : messageBytes));
        pipeline.signal(way.to === "middle" ? "track" : way.to, way.signal);
        // Those who still have a reader go on.
        if (hasSide && way.to !== "all" && way.to !== "camera") {
          await pipeline.wrote("camera", (frames + 100) * messageBytes);
          pipeline.signal("camera", "SIGINT");
        }
      }
      const codes = await pipeline.ended(hasSide ? ["side"] : []);
      const codeOf = (name: (typeof shape)[number]) => {
        const place = shape.indexOf(name as never);
        return codes.parts[place + (isSlow && place >= slowPlace ? 1 : 0)];
      };
      const source = lastWord(shell.folder, "camera", codeOf("camera"));
      expect([what, source.report.stages.length, source.failure, codeOf("camera")]).toEqual([
        what,
        2,
        undefined,
        source.code,
      ]);
      const exposed = source.report.stages[0]!.in;
      expect([what, codeOf("camera"), source.report.isComplete]).toEqual([what, source.code, false]);
      const shown = readFileSync(join(shell.folder, "truth.csv"), "utf8").trim().split("\n").at(-1)!;
      expect([what, Number(shown.split(",")[0]) + 1]).toEqual([what, exposed]);

      /** Frames that were lost by those before the archive, who are all alive. */
      function lostBefore(end: string): number {
        let lost = source.ownLost(stagesOf.camera);
        const isBefore = shape.indexOf("track" as never) < (end === "side" ? shape.indexOf("tee" as never) : 9);
        if (shape.includes("track" as never) && isBefore) {
          const said = lastWord(shell.folder, "track", codeOf("track"));
          expect([what, codeOf("track")]).toEqual([what, said.code]);
          lost += said.ownLost(stagesOf.track);
        }
        return lost;
      }

      if (way.to === "head") {
        const kept = wholeFrames(readFileSync(join(shell.folder, "kept")));
        expect([what, kept + lostBefore("archive")]).toEqual([what, exposed]);
        rmSync(shell.folder, { recursive: true, force: true });
        return;
      }
      const ends = hasSide ? (["archive", "side"] as const) : (["archive"] as const);
      for (const end of ends) {
        const exitCode = end === "side" ? codes.of("side") : codeOf("archive");
        const { report, code, ownLost } = lastWord(shell.folder, end, exitCode);
        expect([what, end, exitCode]).toEqual([what, end, code]);
        const path = end === "side" ? side : file;
        const hasBegun = report.stages.length > 0;
        const { stored, recorded } = hasBegun ? await judge(shell, path) : { stored: 0, recorded: undefined };
        expect([what, end, existsSync(join(shell.folder, path))]).toEqual([what, end, hasBegun]);
        expect([what, end, report.isComplete, recorded?.isComplete ?? false]).toEqual([what, end, false, false]);
        if (hasBegun)
          expect([what, end, stored + ownLost(stagesOf.archive)]).toEqual([what, end, report.stages.at(-2)!.in]);
        const isTold = report.stages.some(({ stage }) => stage === "acquire");
        const isBehindKilled = way.to === "middle" && (end === "archive" || shape.indexOf("track" as never) === 1);
        if (isTold) {
          expect([what, end, stored + report.lost]).toEqual([what, end, exposed]);
          expect([what, end, recorded?.lost]).toEqual([what, end, report.lost]);
        } else if (isBehindKilled) {
          expect([what, end, code, stored <= exposed]).toEqual([what, end, hasBegun ? 1 : code, true]);
        } else if (!hasSide) {
          // It left a live stream: those before it count what it did not read, but what another program held is gone with that.
          const unseen = exposed - stored - ownLost(stagesOf.archive) - lostBefore(end);
          expect([what, isSlow ? isFew(unseen) : unseen]).toEqual([what, isSlow ? true : 0]);
          expect([what, exitCode]).not.toEqual([what, 0]);
        }
      }
    } finally {
      pipeline.kill();
    }
    rmSync(shell.folder, { recursive: true, force: true });
  });
});

/** No more frames than another program can have held. */
function isFew(frames: number): boolean {
  return frames >= 0 && frames <= mostUnseen;
}
