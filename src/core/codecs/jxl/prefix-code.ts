/** Prefix codes of a JPEG XL codestream: ISO/IEC 18181-1, annex C.2.4, the form of Brotli's (RFC 7932, section 3.5). */
import { FormatProblem } from "../../format-problem.js";
import type { BitReader } from "./bit-reader.js";

/** No code is longer. */
export const mostCodeBits = 15;

const lengthOrder = [1, 2, 3, 4, 0, 5, 17, 6, 16, 7, 8, 9, 10, 11, 12, 13, 14, 15];

function invalid(): FormatProblem {
  return new FormatProblem("file-damaged", "a prefix code is not complete");
}

/** Bits of each symbol's code, 0 for a symbol that does not occur; a lone symbol has -1: it takes no bits. */
export function readPrefixCode(bits: BitReader, symbolCount: number): Int8Array {
  const lengths = new Int8Array(symbolCount);
  if (symbolCount === 1) return lengths.fill(-1);
  const skipped = bits.read(2);
  if (skipped === 1) readSimpleCode(bits, lengths);
  else readLengths(bits, lengths, readLengthCode(bits, skipped));
  return lengths;
}

/** One to four symbols by name. */
function readSimpleCode(bits: BitReader, lengths: Int8Array): void {
  const count = bits.read(2) + 1;
  const width = Math.ceil(Math.log2(lengths.length));
  const symbols = Array.from({ length: count }, () => bits.read(width));
  const isSkewed = count === 4 && bits.flag();
  const given = { 1: [-1], 2: [1, 1], 3: [1, 2, 2], 4: isSkewed ? [1, 2, 3, 3] : [2, 2, 2, 2] }[count]!;
  symbols.forEach((symbol, at) => {
    if (symbol >= lengths.length || lengths[symbol] !== 0) throw invalid();
    lengths[symbol] = given[at]!;
  });
}

/** The code that the lengths are written in: six symbols' worth of a fixed code for each of 18. */
function readLengthCode(bits: BitReader, skipped: number): Int8Array {
  const lengths = new Int8Array(18);
  let space = 32;
  let seen = 0;
  for (let at = skipped; at < 18 && space > 0; at++) {
    const length = readLengthOfLength(bits);
    lengths[lengthOrder[at]!] = length;
    if (length === 0) continue;
    space -= 32 >> length;
    seen++;
  }
  if (seen === 1) return lengths.map((length) => (length === 0 ? 0 : -1));
  if (space !== 0) throw invalid();
  return lengths;
}

/** 00: 0, 01: 4, 10: 3, 110 (lowest first 011): 2, 0111: 1, 1111: 5. */
function readLengthOfLength(bits: BitReader): number {
  const two = bits.read(2);
  if (two === 0) return 0;
  if (two === 1) return 4;
  if (two === 2) return 3;
  if (!bits.flag()) return 2;
  return bits.flag() ? 5 : 1;
}

function readLengths(bits: BitReader, lengths: Int8Array, code: Int8Array): void {
  const symbols = codeWords(code);
  let space = 1 << mostCodeBits;
  let previous = 8;
  let repeat = 0;
  let repeated = -1;
  let at = 0;
  while (at < lengths.length && space > 0) {
    const symbol = readSymbol(bits, code, symbols);
    if (symbol < 16) {
      repeat = 0;
      lengths[at++] = symbol;
      if (symbol === 0) continue;
      previous = symbol;
      space -= (1 << mostCodeBits) >> symbol;
      continue;
    }
    const extra = symbol === 16 ? 2 : 3;
    const length = symbol === 16 ? previous : 0;
    if (repeated !== length) repeat = 0;
    repeated = length;
    const before = repeat;
    if (repeat > 0) repeat = (repeat - 2) << extra;
    repeat += bits.read(extra) + 3;
    const count = repeat - before;
    if (at + count > lengths.length) throw invalid();
    lengths.fill(length, at, at + count);
    at += count;
    if (length !== 0) space -= count * ((1 << mostCodeBits) >> length);
  }
  if (space !== 0) throw invalid();
}

/** Reads one symbol bit by bit; for headers. */
export function readSymbol(bits: BitReader, lengths: Int8Array, words: Int32Array): number {
  const lone = lengths.indexOf(-1);
  if (lone >= 0) return lone;
  let word = 0;
  for (let length = 1; length <= mostCodeBits; length++) {
    word |= bits.read(1) << (length - 1);
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      if (lengths[symbol] === length && words[symbol] === word) return symbol;
    }
  }
  throw invalid();
}

/** The canonical code word of each symbol, its first bit the lowest. */
export function codeWords(lengths: Int8Array): Int32Array {
  const words = new Int32Array(lengths.length);
  let word = 0;
  for (let length = 1; length <= mostCodeBits; length++) {
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      if (lengths[symbol] !== length) continue;
      words[symbol] = reversed(word, length);
      word++;
    }
    word <<= 1;
  }
  return words;
}

function reversed(word: number, length: number): number {
  let turned = 0;
  for (let bit = 0; bit < length; bit++) turned |= ((word >> bit) & 1) << (length - 1 - bit);
  return turned;
}
