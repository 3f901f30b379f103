import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom, randomUuid } from '../simulator/random.js';
import { SERIES, type Site, simulateSite } from '../simulator/site.js';

const HOUR_MS = 3_600_000;
const FROM_MS = Date.UTC(2025, 1, 6);

const SITE: Omit<Site, 'name'> = {
  state: 'Ok',
  cadenceMs: 4000,
  capacityWh: 250_000,
  maxPowerW: 100_000,
  roundTripEfficiency: 0.86,
  pvPeakW: 60_000,
  loadBaseW: 32_000,
  loadPeakW: 95_000,
  shavingLimitW: 68_000,
  initialStateOfCharge: 0.8,
  minStateOfCharge: 0.1,
  counters: {
    batteryIn: 88_120_400,
    batteryOut: 74_881_030,
    gridIn: 903_441_220,
    gridOut: 4_120_090,
    subIn: 91_002_330,
    subOut: 102_770_410,
    generated: 40_118_270,
  },
  series: Object.keys(SERIES),
};

/** Writes hourly responses of 14 series at 4 s for each device. Gives the documents' texts. */
export function writeResponseSet(folder: string, devices: number, hours: number): string[] {
  const random = createRandom('bench');
  const texts: string[] = [];
  mkdirSync(join(folder, 'assets'), { recursive: true });
  const items = Array.from({ length: devices }, (_, index) => ({
    deviceId: randomUuid(random),
    description: `Site ${index}`,
    state: 'Ok',
  }));
  writeFileSync(
    join(folder, 'assets', 'assets.json'),
    JSON.stringify({ totalCount: devices, items }),
  );
  for (const { deviceId, description } of items) {
    mkdirSync(join(folder, 'telemetry', deviceId), { recursive: true });
    const site = { ...SITE, name: description };
    const instants = [...simulateSite(site, FROM_MS, FROM_MS + hours * HOUR_MS, 'bench')];
    for (let hour = 0; hour < hours; hour++) {
      const from = FROM_MS + hour * HOUR_MS;
      const part = instants.filter(([at]) => at >= from && at < from + HOUR_MS);
      const series = SITE.series.map((name) => ({
        name,
        data: part.map(([at, instant]) => [at, SERIES[name]?.(instant)]),
      }));
      const text = JSON.stringify({ series });
      texts.push(text);
      writeFileSync(
        join(folder, 'telemetry', deviceId, `${String(hour).padStart(4, '0')}.json`),
        text,
      );
    }
  }
  return texts;
}
