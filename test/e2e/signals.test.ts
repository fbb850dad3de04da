/** Signals are heard wherever a process waits, and the second interrupt ends it with every frame accounted for. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { stackTrace } from "../stack-trace.mjs";
import { openShell, root } from "./shell.js";

const sim = "acquire --camera sim --size 128x128 --beads 9";
const small = "acquire --camera sim --size 64x64 --beads 4 --seed 1";
const track = "track --diameter 21 --minmass 500 --search-range 8 --memory 1";

test.each([
  ["a reader of a stream nobody ends", "--output out.mote"],
  ["a writer nobody reads", "> >(hold)"],
])("two interrupts abort %s with exit code 130", async (_, output) => {
  const shell = openShell("abort");
  // Frames enough to fill the pipe behind, and no end: both threads at the pipes are stuck when the interrupts come.
  const hold = "hold() { exec tail -f --pid=$$ /dev/null; }";
  const input = `exec 3< <(head -c 170000 ${root}/fixtures/beads.mote; hold)`;
  const stuck = `wait-for "two reports alike" "tail -n 2 told | grep '.frames.:[1-9]' | grep -o '.stages.:.*' | uniq -d | grep ."`;
  const heard = `wait-for "the interrupt to be heard" "grep '^ShdPnd:.*0000$' /proc/$P/status"`;
  const twice = `${stuck}; kill -INT $P; ${heard}; kill -INT $P`;
  const line = `${hold}; ${input}; mote ${track} --json <&3 ${output} 2>told & P=$!; ${twice}; wait $P; echo $? >code`;
  await shell.run(line);
  expect(readFileSync(join(shell.folder, "code"), "utf8").trim()).toBe("130");
});

test("two interrupts say what became of every frame that was taken: sent on, in the spool, or lost on its way", async () => {
  const shell = openShell("abort-count");
  const hold = "hold() { exec tail -f --pid=$$ /dev/null; }";
  const spooled = `wait-for "frames in the spool" "grep '.spooled.:[1-9]' told"`;
  const heard = `wait-for "the interrupt to be heard" "grep '^ShdPnd:.*0000$' /proc/$P/status"`;
  const twice = `${spooled}; kill -INT $P; ${heard}; kill -INT $P`;
  const line = `${hold}; mote ${sim} --fps 200 --spill-dir . --json > >(hold) 2>told & P=$!; ${twice}; wait $P; echo $? >code`;
  await shell.run(line);
  expect(readFileSync(join(shell.folder, "code"), "utf8").trim()).toBe("130");
  const told = readFileSync(join(shell.folder, "told"), "utf8");
  const words =
    /acquire: aborted: ([\d,]+) frames taken, ([\d,]+) sent on, ([\d,]+) in the spool(?:, (\d+) lost before)?; lost: ([\d,]+) frames? w/;
  const found = (words.exec(told) ?? []).slice(1);
  // The frame that was being sent may have been given up with its reader before.
  const [taken, sent, inSpool, before, lost] = found.map((text = "0") => Number(text.replaceAll(",", "")));
  expect(told).toMatch(words);
  expect(sent! + inSpool! + before! + lost!).toBe(taken);
  expect([sent! > 0, inSpool! > 0, lost! > 0]).toEqual([true, true, true]);
  const spools = readdirSync(shell.folder).filter((name) => name.startsWith("mote-spool-"));
  const kept = await Promise.all(spools.map((name) => shell.run(`mote inspect --json ${name}`)));
  expect(kept.reduce((sum, { out }) => sum + JSON.parse(out).frames, 0)).toBeGreaterThanOrEqual(inSpool!);
});

// They wait for the clock, so they wait together.
test.concurrent.each([
  ["a named pipe that nobody reads", `mkfifo p; mote ${small} --frames 1 --output p 2> err & P=$!`],
  ["a socket that nobody listens at", `mote ${small} --frames 1 --output unix:s.sock 2> err & P=$!`],
  ["a named pipe that nobody writes", "mkfifo p; mote track --diameter 11 --input p --output t.mote 2> err & P=$!"],
  ["a socket that nobody connects to", "mote track --diameter 11 --input unix:s.sock --output t.mote 2> err & P=$!"],
  [
    "room in a full pipe of one branch",
    `mkfifo p; exec 7<>p; mote run ${small} --frames 100000 then track --diameter 9 then archive --to csv --out - from acquire then archive --out t.mote --min-free 0 >&7 2> err & P=$!`,
  ],
  ["room in a full pipe", `mkfifo p; exec 7<>p; mote ${small} --frames 100000 >&7 2> err & P=$!`],
  [
    "the rest of a stream",
    `mkfifo p; exec 7<>p; mote ${small} --frames 60 | head -c 50000 >&7; mote track --diameter 11 --output t.mote <&7 2> err & P=$!`,
  ],
])("one SIGTERM ends a process that waits for %s", async (_, line) => {
  const shell = openShell("term");
  const isRunning = line.includes("7<>p");
  // It hears SIGHUP, as only a run does, and used no processor since the last look; or it waits for the other side before that.
  const isWaiting = `cut -d" " -f14,15 /proc/$P/stat > now; cmp now before; same=$?; mv now before; [ $same = 0 ] && [ $((0x$(sed -n "s/SigCgt:.//p" /proc/$P/status) & ${isRunning ? 1 : 0})) = ${isRunning ? 1 : 0} ]`;
  const { out } = await shell.run(
    `${line}; export P; wait-for 'it to wait' '${isWaiting}'; kill -TERM $P; wait $P; echo ended`,
  );
  expect(out).toBe("ended");
  expect(readFileSync(join(shell.folder, "err"), "utf8")).not.toMatch(stackTrace);
});
