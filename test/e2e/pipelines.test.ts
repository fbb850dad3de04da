/** Rows of processes: what each is told of those before it, and that they do together what one run does. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sim, track, untilRows } from "./pipeline-words.js";
import { openShell } from "./shell.js";
import { toldReport } from "./told-report.js";

test("the number of workers does not change a byte", async () => {
  const shell = openShell("workers");
  for (const workers of [1, 2, 5]) {
    await shell.mote(`run ${sim} --frames 30 then ${track} --workers ${workers} then archive --out w${workers}.csv`);
  }
  const read = (workers: number) => readFileSync(join(shell.folder, `w${workers}.csv`), "utf8");
  expect(read(2)).toBe(read(1));
  expect(read(5)).toBe(read(1));
});

test("a reader that goes away ends every process before it", async () => {
  const shell = openShell("gone-far");
  const { out } = await shell.run(`mote ${sim} | mote ${track} | head -c 300000 > /dev/null; echo "\${PIPESTATUS[*]}"`);
  expect(out).toBe("0 0 0");
});

test("an interrupt of a whole pipeline drains it: what the source made is archived", async () => {
  const shell = openShell("interrupt-all");
  const line = `set -m; (mote --version >/dev/null; mote ${sim} --json 2>a | mote ${track} | mote archive --json --out all.csv 2>c) & P=$!; ${untilRows("all.csv")}; kill -INT -- -$P; wait $P; echo $?`;
  const { out } = await shell.run(line);
  expect(out).toBe("0");
  const report = (name: string) => toldReport(readFileSync(join(shell.folder, name), "utf8"))!;
  expect(report("c").stages.at(-1)!.in).toBe(report("a").stages[0]!.out);
  expect(report("c").stages.at(-1)!.in).toBeGreaterThan(10);
});

test("what was lost upstream is in the live figures of every process behind, and nobody says that nothing was lost", async () => {
  const shell = openShell("live-loss");
  const told = (name: string) => `wait-for "frames in ${name}" "grep '.frames.:[2-9][0-9]' ${name}"`;
  const lossy = `${sim} --fps 50 --fault drop@2-6`;
  const line = `set -m; (mote --version >/dev/null; mote ${lossy} | mote ${track} --json 2>t | mote archive --json --out l.csv 2>a) & P=$!; ${told("t")}; ${told("a")}; kill -INT -- -$P; wait $P; echo $?`;
  expect((await shell.run(line)).out).toBe("3");
  for (const name of ["t", "a"]) {
    const entries = readFileSync(join(shell.folder, name), "utf8")
      .trim()
      .split("\n")
      .map((entry) => JSON.parse(entry));
    const live = entries.filter(({ kind, frames }) => kind === "progress" && frames > 10);
    expect(live.map(({ lost }) => lost)).toEqual(live.map(() => 5));
    expect(entries.find(({ kind }) => kind === "report")).toMatchObject({ lost: 5 });
  }
});

test("a named pipe, a file and a unix socket carry the same stream", async () => {
  const shell = openShell("transports");
  await shell.mote(`${sim} --frames 10 --output direct.mote`);
  await shell.run(`mkfifo p; mote ${sim} --frames 10 --output p & mote archive --input p --out pipe.mote; wait`);
  await shell.run(`mote archive --input unix:s --out socket.mote & mote ${sim} --frames 10 --output unix:s; wait`);
  const facts = async (name: string) => {
    const { descriptor, frames, fault } = JSON.parse((await shell.mote(`inspect ${name} --json`)).out);
    return { shape: descriptor.shape, frames, fault };
  };
  expect(await facts("direct.mote")).toEqual({ shape: { height: 128, width: 128 }, frames: 10, fault: null });
  expect(await facts("pipe.mote")).toEqual(await facts("direct.mote"));
  expect(await facts("socket.mote")).toEqual(await facts("direct.mote"));
});

test("detections without frames reach the table unchanged", async () => {
  const shell = openShell("no-frames");
  await shell.run(`mote ${sim} --frames 15 | mote ${track} --no-frames | mote archive --out bare.csv`);
  await shell.mote(`run ${sim} --frames 15 then ${track} then archive --out full.csv`);
  expect(readFileSync(join(shell.folder, "bare.csv"), "utf8")).toBe(
    readFileSync(join(shell.folder, "full.csv"), "utf8"),
  );
});
