// How small every codec and effort makes real frames, and what that costs: the tables of docs/formats-ratios.md.
// npm run ratios: the bead movie and bulk water of ../shared/data. Processor time of all threads of the real program,
// beyond that of a run of one frame; every frame is read back and compared by the bit before its row counts.
// node bench/ratios.mjs [file.tif ...] prints the same for other files. MOTE_RATIO_EFFORTS=1,2,3 leaves slow efforts out.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { archiveFormats, bytesOf, framesOf, jxlFormat, verifyWritten } from "./formats.mjs";
import { run } from "./run-stages.mjs";

const given = process.argv.slice(2);
const files = (given.length > 0 ? given : ["beads_2048.tif", "bulk_water_a.tif"].map((f) => `../shared/data/${f}`)).map(
  (path) => resolve(path),
);
const efforts = (process.env.MOTE_RATIO_EFFORTS ?? "1,2,3,4,5,6,7,8,9").split(",").map(Number);
const folder = mkdtempSync(join(process.env.MOTE_BENCH_FOLDER ?? tmpdir(), "mote-ratios-"));

/** Frames that are written: fewer where one takes seconds, more of small ones, which take too little to be timed. */
function framesFor(raw, effort = 1) {
  const many = Math.min(120, Math.max(12, Math.round(60e6 / raw)));
  return effort >= 7 ? Math.max(1, Math.round(many / 60)) : effort >= 4 ? Math.max(3, Math.round(many / 10)) : many;
}

async function record(format, file, count) {
  rmSync(join(folder, format.file), { recursive: true, force: true });
  const { report, cpu } = await run(folder, [
    "acquire",
    file,
    "--loop",
    "0",
    "--frames",
    `${count}`,
    "then",
    ...format.words,
  ]);
  if (report.lost !== 0) throw new Error(`${format.name}: ${report.lost} frames lost`);
  return cpu;
}

/** Bytes of a frame, averaged over those that were written; milliseconds of processor time a frame. */
async function measure(format, file, sources, startCpu) {
  const count = framesFor(sources[0].byteLength, format.effort);
  // One frame of the slow efforts is so much longer than the start that another run's start will do.
  const alone = count > 1 ? await record(format, file, 1) : startCpu;
  const cpu = await record(format, file, count);
  const path = join(folder, format.file);
  await verifyWritten(path, sources, count);
  const bytes = bytesOf(path) / count;
  rmSync(path, { recursive: true, force: true });
  return { alone, count, bytes, ms: (1000 * (cpu - alone)) / Math.max(1, count - 1) };
}

async function tableOf(file) {
  const { frames, shape, pixelFormat } = await framesOf(file, 120);
  const raw = frames[0].byteLength;
  const lines = [
    `### ${basename(file)}: ${shape.width}x${shape.height} ${pixelFormat}, ${(raw / 1e6).toFixed(2)} MB a frame`,
    "",
    "| format | ratio | MB a frame | processor ms a frame | frames |",
    "|---|---|---|---|---|",
  ];
  console.log(lines.join("\n"));
  let startCpu = 0;
  for (const format of [...archiveFormats, ...efforts.map((effort) => jxlFormat(effort, "none"))]) {
    const { alone, count, bytes, ms } = await measure(format, file, frames, startCpu);
    if (format.effort === 1) startCpu = alone;
    const line = `| ${format.name} | ${(raw / bytes).toFixed(2)} | ${(bytes / 1e6).toFixed(3)} | ${ms.toFixed(ms < 10 ? 1 : 0)} | ${count} |`;
    console.log(line);
    lines.push(line);
  }
  return lines.join("\n");
}

try {
  const tables = [];
  for (const file of files) tables.push(await tableOf(file));
  if (given.length === 0) {
    const head = [
      "# How small every format makes a frame",
      "",
      `Made by \`npm run ratios\` on ${new Date().toISOString().slice(0, 10)}: ${cpus()[0].model.trim()}, ${cpus().length} cores (shared), Node ${process.version}.`,
      "",
      "Every frame was read back and compared by the bit. The time is that of all threads together beyond a run of one frame, reading",
      "the source included (see .mote, which does nothing to the pixels): two workers halve the wait, not the work. JPEG XL without verification; the slow",
      "efforts were given few frames. What a file keeps beside the pixels (index, columns, room for more) counts as its bytes.",
    ];
    writeFileSync("docs/formats-ratios.md", `${[...head, "", tables.join("\n\n")].join("\n")}\n`);
    console.log("written: docs/formats-ratios.md");
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
