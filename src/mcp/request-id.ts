/**
 * The id of a JSON-RPC request that is too long to be parsed, so that its client is answered instead of left waiting. Clients write the id next to the protocol version, at one end of the message.
 * @param start the beginning of the text
 * @param end its end; nothing may follow the closing brace
 * @returns null where it is not plain to see, as JSON-RPC 2.0 asks (section 5)
 */
export function requestIdOf(start: string, end: string): string | number | null {
  const literal = (atStart.exec(start) ?? atEnd.exec(end))?.[1];
  if (literal === undefined) return null;
  try {
    return JSON.parse(literal) as string | number;
  } catch {
    return null;
  }
}

const id = /"id"\s*:\s*("(?:[^"\\]|\\.){0,200}"|-?\d{1,15})/.source;
const version = /"jsonrpc"\s*:\s*"2\.0"/.source;
const atStart = new RegExp(`^\\s*\\{\\s*(?:${version}\\s*,\\s*)?${id}\\s*,`);
const atEnd = new RegExp(`,\\s*${id}\\s*(?:,\\s*${version}\\s*)?\\}\\s*$`);
