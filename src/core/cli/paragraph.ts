/** Text of a paragraph in lines of at most `columns`, broken at spaces; lines behind the first begin with `indent` spaces, which count. */
export function paragraph(text: string, columns: number, indent = 0): string {
  const [first = "", ...words] = text.split(" ");
  const begin = `\n${" ".repeat(indent)}`;
  let whole = first;
  let lineLength = first.length;
  for (const word of words) {
    const isOver = lineLength + 1 + word.length > columns;
    whole += `${isOver ? begin : " "}${word}`;
    lineLength = isOver ? indent + word.length : lineLength + 1 + word.length;
  }
  return whole;
}
