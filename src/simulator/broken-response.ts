/** What a response may be in place of what it should be. */
export type Breakage = 'html' | 'truncated' | 'duplicate' | 'nul';

const ERROR_PAGE = Buffer.from(
  '<html>\n<head><title>502 Bad Gateway</title></head>\n<body><h1>502 Bad Gateway</h1></body>\n</html>\n',
);
const TWICE = Buffer.from('{"series":[],');
const WITH_NUL = Buffer.from('{"message":"ok\\u0000",');

/** Breaks a response; `share` tells where one is cut off. */
export function breakResponse(text: Buffer, breakage: Breakage, share: number): Buffer {
  switch (breakage) {
    case 'html':
      return ERROR_PAGE;
    case 'truncated':
      return text.subarray(0, Math.floor(text.length * (0.05 + 0.9 * share)));
    case 'duplicate':
      return Buffer.concat([TWICE, text.subarray(1)]);
    case 'nul':
      return Buffer.concat([WITH_NUL, text.subarray(1)]);
  }
}
