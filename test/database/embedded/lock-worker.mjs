// Takes and releases the lock of a folder a number of times, and logs when it is within: lock-worker.mjs LOCK_MODULE FOLDER LOG TIMES KILL_AT
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const [module, folder, log, times, killAt] = process.argv.slice(2);
const { lockFolder } = await import(module);
/** A lock that nobody gets for so long is lost. */
const PATIENCE_MS = 20_000;

// an append to a file is whole and in order, so that the log shows who was within together
const say = (what) => appendFileSync(log, `${what} ${process.pid}\n`);

let since = performance.now();
for (let taken = 0; taken < Number(times); ) {
  let lock;
  try {
    lock = await lockFolder(folder, 'land');
  } catch (error) {
    if (error.name !== 'BeltError' || performance.now() - since > PATIENCE_MS) throw error;
    await sleep(Math.random() * 4);
    continue;
  }
  taken++;
  since = performance.now();
  say('enter');
  if (taken === Number(killAt)) process.kill(process.pid, 'SIGKILL');
  if (taken % 4 === 0) await sleep(1);
  say('leave');
  await lock.release();
}
