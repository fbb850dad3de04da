/** Damage in tables of lines: cells and lines that are odd, gone, doubled, or endless. */
import { mutateJson } from "./mutate-json.mjs";

const oddCells = [
  "",
  "NaN",
  "-1",
  "1e308",
  "99999999999999999999",
  "0.1.2",
  '"',
  '"a,b"',
  "\u0000",
  "é",
  "4294967296",
  "-0",
  "=1+1",
  " ",
];

/** Longer lines, made of lines made long before, would be longer than a string may be. */
const mostLine = 100_000_000;

function onOneLine(lines, random, change) {
  const at = random.below(lines.length);
  lines[at] = change(lines[at]);
}

export function mutateTable(text, random, separator) {
  const lines = text.split("\n");
  for (let times = 1 + random.below(3); times > 0; times--) {
    switch (random.below(8)) {
      case 0:
        lines.splice(random.below(lines.length), 1);
        break;
      case 1:
        onOneLine(lines, random, (line) => `${line}\n${line}`);
        break;
      case 2:
        onOneLine(lines, random, (line) =>
          line.repeat(Math.min(1 + random.below(2000), 1 + mostLine / (1 + line.length))),
        );
        break;
      case 3:
        onOneLine(lines, random, (line) => line.slice(0, random.below(line.length + 1)));
        break;
      case 4:
        onOneLine(lines, random, (line) => `${line}\r`);
        break;
      default:
        onOneLine(lines, random, (line) => {
          if (separator === null) return mutateJson(line, random);
          const cells = line.split(separator);
          cells[random.below(cells.length)] = random.pick(oddCells);
          return cells.join(separator);
        });
    }
    if (lines.length === 0) lines.push("");
  }
  return lines.join("\n");
}
