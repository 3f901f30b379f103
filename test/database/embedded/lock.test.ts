import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, inject, test } from 'vitest';
import { createFolder } from '../../support/folder.js';
import { DEVICE_A, HOUR, pairs, T0, telemetryJson } from '../../support/responses.js';

const LOCK = pathToFileURL(resolve('dist/database/embedded/lock.js')).href;
const WORKER = resolve('test/database/embedded/lock-worker.mjs');

const IN_USE =
  /^Error: The embedded database in .* is in use by (process \d+ \(belt land\) since 2|another process)/m;

describe('the lock of an embedded folder', () => {
  const TIMES = 150;

  test('is held by one process at a time, also where some are killed while they hold it', async () => {
    const folder = createFolder().dir;
    const log = join(folder, 'log');
    // every other worker is killed within, each at another time, and another one takes its place
    const killed = [0, 10, 0, 30, 0, 50, 0, 70];
    const endings = await Promise.all(
      killed.map(async (killAt) => {
        const ending = await runWorker(folder, log, killAt);
        return killAt === 0 ? [ending] : [ending, await runWorker(folder, log, 0)];
      }),
    );
    const lines = readFileSync(log, 'utf8').trim().split('\n');
    expect(overlaps(lines)).toEqual([]);
    expect(endings).toEqual(killed.map((killAt) => (killAt === 0 ? [0] : ['SIGKILL', 0])));
    expect(lines.filter((line) => line.startsWith('enter'))).toHaveLength(
      killed.length * TIMES + killed.reduce((sum, killAt) => sum + killAt, 0),
    );
  });

  test('loses no landing of several that start at once: each lands, or is refused in words', async () => {
    const { dir, belt } = createFolder();
    cpSync(inject('embeddedTemplate'), join(dir, 'database'), { recursive: true });
    const onDatabase = ['--database-url', 'embedded:database'];
    const sources = [0, 1, 2, 3, 4].map((hour) => {
      const source = join(dir, `in-${hour}`);
      mkdirSync(join(source, 'telemetry'), { recursive: true });
      writeFileSync(
        join(source, 'telemetry', `${DEVICE_A}.json`),
        telemetryJson({ BatteryPowerW: pairs(T0 + hour * HOUR, 10, 4000, (n) => n) }),
      );
      return source;
    });
    const landed: string[] = [];
    // those that were refused start together once more
    for (let round = 0; round < 2; round++) {
      const starting = sources.filter((source) => !landed.includes(source));
      const ends = await Promise.all(
        starting.map((source) => belt('land', '--source', source, ...onDatabase)),
      );
      const done = starting.filter((_, index) => ends[index]?.code === 0);
      expect(done).not.toEqual([]);
      const refused = ends.filter(({ code }) => code !== 0);
      expect(refused.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
        refused.map(() => ({ code: 1, stderr: expect.stringMatching(IN_USE) })),
      );
      landed.push(...done);
    }
    const { stdout } = await belt(
      'query',
      "select source from raw.batch where status = 'landed' and readings = 10 order by 1",
      '--format',
      'json',
      ...onDatabase,
    );
    expect(JSON.parse(stdout)).toEqual(landed.sort().map((source) => ({ source })));
  });

  /** Takes the lock a number of times in a process of its own. Gives its exit code or signal. */
  async function runWorker(folder: string, log: string, killAt: number): Promise<number | string> {
    const child = spawn(
      process.execPath,
      [WORKER, LOCK, join(folder, 'database'), log, String(TIMES), String(killAt)],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    const [code, signal] = await once(child, 'close');
    return code ?? signal;
  }
});

/** Those who entered while another was within: one that is killed never leaves, nor comes again. */
function overlaps(log: readonly string[]): string[] {
  const last = new Map(log.map((line, index) => [line.split(' ')[1], index]));
  return log.filter((line, index) => {
    const [what, pid] = line.split(' ');
    const [before, inside] = log[index - 1]?.split(' ') ?? [];
    if (what === 'leave') return before !== 'enter' || inside !== pid;
    return before === 'enter' && last.get(inside) !== index - 1;
  });
}
