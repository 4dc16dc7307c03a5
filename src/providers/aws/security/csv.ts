/**
 * Records of a CSV text with a header line (RFC 4180), by column name. Undefined when a record has more or fewer fields than the
 * header or a quote is not closed: a table that is not understood is not guessed at.
 */
export function parseCsv(text: string): Record<string, string>[] | undefined {
  const rows = split(text);
  if (!rows) return undefined;
  const [header = [], ...records] = rows;
  if (records.some((record) => record.length !== header.length)) return undefined;
  return records.map((record) => Object.fromEntries(header.map((name, index) => [name, record[index] ?? ''])));
}

/** A quoted field, or one without quotes; then a comma, a line end or the end. */
const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;

function split(text: string): string[][] | undefined {
  const rows: string[][] = [];
  let row: string[] = [];
  field.lastIndex = 0;
  while (field.lastIndex < text.length || row.length > 0) {
    const match = field.exec(text);
    if (!match) return undefined;
    const [, quoted, plain = '', end] = match;
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === ',') continue;
    rows.push(row);
    row = [];
  }
  return rows;
}
