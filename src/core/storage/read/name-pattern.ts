/**
 * One part of a pattern for file names (between two slashes) as an automaton: * ? [a-z] [!a-z] {a,b}. Matching takes time in
 * proportion to the name and the pattern, whatever they are; the libraries at hand translate to regular expressions, which
 * take for ever over a dozen stars.
 */

type CharacterTest = (character: string) => boolean;

/** A state: it is left for `next` over a character that passes the test, or without one where there is no test. */
interface State {
  readonly test: CharacterTest | null;
  readonly next: number[];
}

const any: CharacterTest = () => true;

export interface NamePattern {
  test(name: string): boolean;
}

/** Matches whole names; hidden ones only where the pattern begins with a dot. */
export function namePattern(pattern: string): NamePattern {
  const states: State[] = [];
  const first = parse([...pattern], states);
  const last = states.length - 1;
  const takesHidden = pattern.startsWith(".");
  return {
    test(name) {
      if (name.startsWith(".") && !takesHidden) return false;
      let current = closure(states, [first]);
      for (const character of name) {
        const reached: number[] = [];
        for (const at of current) if (states[at]!.test?.(character)) reached.push(...states[at]!.next);
        current = closure(states, reached);
        if (current.size === 0) return false;
      }
      return current.has(last);
    },
  };
}

/** The states and all that can be reached from them without a character. */
function closure(states: readonly State[], from: readonly number[]): ReadonlySet<number> {
  const reached = new Set<number>();
  const open = [...from];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (reached.has(at)) continue;
    reached.add(at);
    const { test, next } = states[at]!;
    if (test === null) open.push(...next);
  }
  return reached;
}

/** Adds the states of a pattern, the last of them the one that is reached when all of it has matched; the first one's number. */
function parse(letters: readonly string[], states: State[]): number {
  const add = (test: CharacterTest | null, next: number[] = []) => states.push({ test, next }) - 1;
  const first = add(null);
  /** States that go on to whatever comes next. */
  let ends = [first];
  const append = (test: CharacterTest | null) => {
    const state = add(test);
    for (const end of ends) states[end]!.next.push(state);
    ends = [state];
    return state;
  };
  /** Braces that are open: where their choices begin, and the ends of those that are complete. */
  const braces: { readonly start: number; readonly ends: number[] }[] = [];
  for (let at = 0; at < letters.length; at++) {
    const letter = letters[at]!;
    const close = letter === "[" ? letters.indexOf("]", at + 2) : -1;
    const brace = braces.at(-1);
    if (letter === "*") {
      const start = append(null);
      const loop = add(any, [start]);
      states[start]!.next.push(loop);
    } else if (letter === "?") append(any);
    else if (close > 0) {
      append(characterSet(letters.slice(at + 1, close)));
      at = close;
    } else if (letter === "{" && letters.indexOf("}", at) > 0) {
      braces.push({ start: append(null), ends: [] });
    } else if (letter === "}" && brace) {
      ends.push(...brace.ends);
      braces.pop();
    } else if (letter === "," && brace) {
      brace.ends.push(...ends);
      ends = [brace.start];
    } else append((character) => character === letter);
  }
  for (const { ends: left } of braces) ends.push(...left);
  append(null);
  return first;
}

/** What stands between square brackets; a range that runs backwards holds nothing. */
function characterSet(letters: readonly string[]): CharacterTest {
  const isNegated = letters[0] === "!" || letters[0] === "^";
  const members = isNegated ? letters.slice(1) : letters;
  const ranges: (readonly [string, string])[] = [];
  for (let at = 0; at < members.length; at++) {
    const isRange = members[at + 1] === "-" && at + 2 < members.length;
    ranges.push([members[at]!, members[isRange ? at + 2 : at]!]);
    if (isRange) at += 2;
  }
  const code = (character: string) => character.codePointAt(0)!;
  return (character) =>
    isNegated !== ranges.some(([from, to]) => code(from) <= code(character) && code(character) <= code(to));
}
