/**
 * The codestreams that fast lossless encoders write (libjxl at effort 1): one grey channel in modular mode, predicted by
 * the gradient everywhere, in one prefix code with runs. Read here up to the pixels, which a kernel decodes several
 * times as fast as a general decoder can. ISO/IEC 18181-1: annexes C (entropy coding), F (frame header, sections), H (modular).
 */
import { FormatProblem } from "../../format-problem.js";
import { bytesAsSource } from "../../imaging/byte-source.js";
import { BitReader, type Distributions } from "./bit-reader.js";
import { findCodestream, type JxlHeader, readImageHeader } from "./jxl-header.js";
import { codeWords, readPrefixCode, readSymbol } from "./prefix-code.js";

/** How a token stands for a number: annex C.3.3. Below 2^splitExponent it is the number itself. */
export interface HybridConfig {
  readonly splitExponent: number;
  readonly msb: number;
  readonly lsb: number;
}

export interface GradientGroup {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** First bit of its pixels, and the byte behind its last one. */
  readonly bitAt: number;
  readonly end: number;
}

export interface GradientStream extends JxlHeader {
  readonly groups: readonly GradientGroup[];
  /** Bits of each symbol's code word; 0: does not occur. */
  readonly lengths: Int8Array;
  readonly words: Int32Array;
  readonly config: HybridConfig;
  /** Symbols from here on repeat the number before; Infinity without runs. */
  readonly firstRun: number;
  readonly leastRun: number;
  readonly runConfig: HybridConfig;
}

const gradient = 5;
/** Leaves of a tree that this reads; fast encoders have one a channel. */
const mostNodes = 64;
const sectionSize: Distributions = [
  [0, 10],
  [1024, 14],
  [17408, 22],
  [4211712, 30],
];

/** The stream's plan, or undefined for one that needs a general decoder (another encoder, another effort, or damage). */
export function readGradientStream(bytes: Uint8Array): GradientStream | undefined {
  try {
    const { start, isWhole } = findCodestream(bytesAsSource("codestream", bytes));
    if (!isWhole) return undefined;
    const bits = new BitReader(bytes, start * 8);
    const header = readImageHeader(bits, start);
    skipMetadata(bits);
    return readFrame(bytes, bits, header);
  } catch (error) {
    if (error instanceof FormatProblem) return undefined;
    throw error;
  }
}

function requireThat(isSo: boolean, what: string): void {
  if (!isSo) throw new FormatProblem("file-damaged", `the frame has ${what}`);
}

/** From behind the colour space to the frame. */
function skipMetadata(bits: BitReader): void {
  requireThat(bits.enumerated() !== 2, "a white point of its own");
  if (bits.flag()) bits.read(24);
  else bits.enumerated();
  bits.enumerated();
  requireThat(bits.read(2) === 0, "extensions");
  requireThat(bits.flag(), "transforms of its own");
  bits.skipToByte();
}

/** FrameHeader: a regular modular frame, drawn as it is, without filters; returns the edge of its groups. */
function readFrameHeader(bits: BitReader): number {
  requireThat(!bits.flag() && bits.read(2) === 0 && bits.flag(), "another encoding");
  requireThat(bits.read(2) === 0 && !bits.flag() && bits.read(2) === 0, "flags, colours or upsampling");
  const groupEdge = 128 << bits.read(2);
  requireThat(bits.read(2) === 0, "several passes");
  requireThat(
    !bits.flag() && bits.read(2) === 0 && bits.flag() && bits.read(2) === 0,
    "a place, a blend, a follower or a name",
  );
  requireThat(!bits.flag() && !bits.flag() && bits.read(2) === 0 && bits.read(2) === 0, "filters");
  requireThat(bits.read(2) === 0, "extensions");
  return groupEdge;
}

function readFrame(bytes: Uint8Array, bits: BitReader, header: JxlHeader): GradientStream {
  const { height, width } = header.shape;
  const edge = readFrameHeader(bits);
  const across = Math.ceil(width / edge);
  const down = Math.ceil(height / edge);
  const lowGroups = Math.ceil(width / (edge * 8)) * Math.ceil(height / (edge * 8));
  const isAlone = across * down === 1;
  requireThat(!bits.flag(), "its sections in another order");
  bits.skipToByte();
  const sizes = Array.from({ length: isAlone ? 1 : 2 + lowGroups + across * down }, () => bits.choose(sectionSize));
  bits.skipToByte();
  let at = bits.position >> 3;
  const ends = sizes.map((size) => (at += size));
  requireThat(at <= bytes.length, "fewer bytes than its sections");
  const code = readGlobal(bits);
  requireGroupHeader(bits);
  const plan = { ...header, ...code };
  if (isAlone) {
    return { ...plan, groups: [{ x: 0, y: 0, width, height, bitAt: bits.position, end: ends[0]! }] };
  }
  const groups: GradientGroup[] = [];
  for (let index = 0; index < across * down; index++) {
    const section = 2 + lowGroups + index;
    const own = new BitReader(bytes, ends[section - 1]! * 8);
    requireGroupHeader(own);
    const x = (index % across) * edge;
    const y = Math.floor(index / across) * edge;
    const size = { width: Math.min(edge, width - x), height: Math.min(edge, height - y) };
    groups.push({ x, y, ...size, bitAt: own.position, end: ends[section]! });
  }
  return { ...plan, groups };
}

/** The global tree and predictor are used, and nothing is transformed. */
function requireGroupHeader(bits: BitReader): void {
  requireThat(bits.flag() && bits.flag() && bits.read(2) === 0, "transforms or trees of its groups");
}

function readConfig(bits: BitReader, logAlphabet: number): HybridConfig {
  const splitExponent = bits.read(Math.ceil(Math.log2(logAlphabet + 1)));
  if (splitExponent === logAlphabet) return { splitExponent, msb: 0, lsb: 0 };
  const msb = bits.read(Math.ceil(Math.log2(splitExponent + 1)));
  requireThat(msb <= splitExponent, "a number with too many leading bits");
  const lsb = bits.read(Math.ceil(Math.log2(splitExponent - msb + 1)));
  requireThat(msb + lsb <= splitExponent, "a number with too many fixed bits");
  return { splitExponent, msb, lsb };
}

interface Code {
  readonly config: HybridConfig;
  readonly lengths: Int8Array;
  readonly words: Int32Array;
}

interface EntropyCode {
  readonly run: { readonly first: number; readonly least: number; readonly config: HybridConfig } | null;
  /** Of each context, the distances' last where there are runs. */
  readonly codes: readonly Code[];
}

/** Annex C.1 to C.2.1, for prefix codes. */
function readEntropyCode(bits: BitReader, contexts: number): EntropyCode {
  const run = bits.flag() ? readRun(bits) : null;
  const all = contexts + (run ? 1 : 0);
  const clusters = readClusters(bits, all);
  requireThat(bits.flag(), "another entropy code");
  const count = Math.max(...clusters) + 1;
  const configs = Array.from({ length: count }, () => readConfig(bits, 15));
  const sizes = Array.from({ length: count }, () => {
    if (!bits.flag()) return 1;
    const extra = bits.read(4);
    return 1 + 2 ** extra + bits.read(extra);
  });
  const codes = sizes.map((size, at): Code => {
    requireThat(size <= 1 << 15, "too large an alphabet");
    const lengths = readPrefixCode(bits, size);
    return { config: configs[at]!, lengths, words: codeWords(lengths) };
  });
  return { run, codes: clusters.map((cluster) => codes[cluster]!) };
}

function readRun(bits: BitReader) {
  const first = bits.choose([
    [224, 0],
    [512, 0],
    [4096, 0],
    [8, 15],
  ]);
  const least = bits.choose([
    [3, 0],
    [4, 0],
    [5, 2],
    [9, 8],
  ]);
  return { first, least, config: readConfig(bits, 8) };
}

/** Which code each context has; only the simple form is read. */
function readClusters(bits: BitReader, contexts: number): number[] {
  if (contexts === 1) return [0];
  requireThat(bits.flag(), "a compressed map of contexts");
  const width = bits.read(2);
  return Array.from({ length: contexts }, () => bits.read(width));
}

function readNumber(bits: BitReader, { config, lengths, words }: Code): number {
  const token = readSymbol(bits, lengths, words);
  const { splitExponent, msb, lsb } = config;
  const split = 2 ** splitExponent;
  if (token < split) return token;
  const extra = splitExponent - msb - lsb + Math.floor((token - split) / 2 ** (msb + lsb));
  const low = token % 2 ** lsb;
  const high = (Math.floor(token / 2 ** lsb) % 2 ** msb) + 2 ** msb;
  requireThat(extra <= 31, "a number that is too large");
  return (high * 2 ** extra + bits.read(extra)) * 2 ** lsb + low;
}

function signed(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

interface Split {
  readonly property: number;
  readonly above: number;
}

/** LfGlobal up to the global group's header: the code of channel 0's pixels, which the tree must predict by the gradient. */
function readGlobal(bits: BitReader): Omit<GradientStream, keyof JxlHeader | "groups"> {
  requireThat(bits.flag(), "factors of its own");
  requireThat(bits.flag(), "no global tree");
  const leaf = readLeaf(bits);
  const { run, codes } = readEntropyCode(bits, leaf.leaves);
  const own = codes[leaf.context]!;
  requireThat(!own.lengths.includes(-1), "one symbol alone");
  requireThat(own.config.lsb === 0 && (run?.config.lsb ?? 0) === 0, "numbers in an order of its own");
  // A lone distance 1 (in the table of special distances: the number before) makes every copy a run.
  requireThat(run === null || codes.at(-1)!.lengths.indexOf(-1) === 1, "copies from afar");
  const { config, lengths, words } = own;
  return {
    config,
    lengths,
    words,
    firstRun: run?.first ?? Number.POSITIVE_INFINITY,
    leastRun: run?.least ?? 0,
    runConfig: run?.config ?? config,
  };
}

/** Annex H.4.2: the tree's leaf for channel 0, and how many leaves there are. */
function readLeaf(bits: BitReader): { context: number; leaves: number } {
  const { run, codes } = readEntropyCode(bits, 6);
  requireThat(run === null, "runs in its tree");
  const next = (context: number) => readNumber(bits, codes[context]!);
  const nodes: (Split | number)[] = [];
  let open = 1;
  let leaves = 0;
  while (open > 0) {
    requireThat(nodes.length < mostNodes, "a large tree");
    const property = next(1) - 1;
    if (property >= 0) {
      nodes.push({ property, above: signed(next(0)) });
      open++;
      continue;
    }
    const isPlain = next(2) === gradient && next(3) === 0 && next(4) === 0 && next(5) === 0;
    requireThat(isPlain, "another prediction");
    nodes.push(leaves++);
    open--;
  }
  // Children stand behind their parents in the order in which those were read.
  let at = 0;
  for (;;) {
    const node = nodes[at]!;
    if (typeof node === "number") return { context: node, leaves };
    requireThat(node.property === 0, "a tree that looks at pixels");
    const splitsBefore = nodes.slice(0, at).filter((other) => typeof other !== "number").length;
    at = 1 + 2 * splitsBefore + (0 > node.above ? 0 : 1);
  }
}
