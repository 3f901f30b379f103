const COMMENTS = /(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*/y;

/** Where SQL begins from `from` on, behind whitespace and comments: an index into it. */
export function skipComments(sql: string, from = 0): number {
  COMMENTS.lastIndex = from;
  COMMENTS.test(sql);
  return COMMENTS.lastIndex;
}
