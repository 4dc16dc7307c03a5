/** Unquoted, a POSIX shell would do something with these (XCU 2.2, 2.6): the sandbox has no shell, so it does not take them. */
const special = /[|&;<>()$`*?[\]#~!{}\n]/;

/**
 * One plain command as its words, quotes and backslashes taken away as a POSIX shell does.
 * @returns undefined for anything that needs a shell: pipes, variables, substitutions, patterns, several commands
 */
export function splitWords(line: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let at = 0;
  const text = line.trim();
  while (at < text.length) {
    const character = text.charAt(at);
    if (character === "'") {
      const end = text.indexOf("'", at + 1);
      if (end < 0) return undefined;
      word = (word ?? '') + text.slice(at + 1, end);
      at = end + 1;
    } else if (character === '"') {
      const quoted = doubleQuoted(text, at + 1);
      if (!quoted) return undefined;
      word = (word ?? '') + quoted.text;
      at = quoted.end;
    } else if (character === '\\') {
      if (at + 1 >= text.length) return undefined;
      word = (word ?? '') + text.charAt(at + 1);
      at += 2;
    } else if (character === ' ' || character === '\t') {
      if (word !== undefined) words.push(word);
      word = undefined;
      at += 1;
    } else if (special.test(character)) {
      return undefined;
    } else {
      word = (word ?? '') + character;
      at += 1;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** Inside of double quotes a backslash escapes only these four and a line break (XCU 2.2.3). */
function doubleQuoted(text: string, from: number): { text: string; end: number } | undefined {
  let inner = '';
  for (let at = from; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '"') return { text: inner, end: at + 1 };
    if (character === '$' || character === '`') return undefined;
    const next = text.charAt(at + 1);
    if (character === '\\' && ['\\', '"', '$', '`'].includes(next)) {
      inner += next;
      at += 1;
    } else {
      inner += character;
    }
  }
  return undefined;
}
