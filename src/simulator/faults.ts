import { UsageError } from '../errors.js';

/** What can go wrong with a fleet's responses, and what the rate of each is a share of. */
export const FAULTS = {
  overlap: 'responses that begin with the end of the one before',
  correct: 'readings that come wrong, and right in the next response',
  late: 'responses whose readings come later, by up to three weeks',
  offline: 'responses in which the device goes offline, for up to a day; its readings are lost',
  reset: 'responses at which a meter is replaced, so that its counters begin at zero',
  seconds: 'responses with times in seconds',
  null: 'readings without a value',
  string: 'readings whose value is a text',
  range: 'readings outside any physical range',
  unknown: 'devices that get a series that nobody has heard of',
  truncated: 'responses that are cut off',
  html: 'responses that are an HTML error page',
  duplicate: 'responses with a key twice',
  nul: 'responses with \\u0000 in a text',
  unlisted: 'devices that no page of assets lists',
} as const;

export type FaultName = keyof typeof FAULTS;

export const FAULT_NAMES = Object.keys(FAULTS) as readonly FaultName[];

/** The rate of each fault, from 0 to 1. */
export type FaultRates = Readonly<Record<FaultName, number>>;

/** How often each fault was put in: readings, responses or devices. */
export type FaultCounts = Record<FaultName, number>;

export const NO_FAULTS: FaultRates = noFaults();

export function noFaults(): FaultCounts {
  return Object.fromEntries(FAULT_NAMES.map((name) => [name, 0])) as FaultCounts;
}

/** Reads `overlap=0.05,late=0.01`. */
export function parseFaults(text: string): FaultRates {
  const rates = noFaults();
  const seen = new Set<string>();
  for (const part of text.split(',').map((one) => one.trim())) {
    if (part === '') continue;
    const [name = '', rate, ...rest] = part.split('=');
    if (!isFaultName(name)) {
      throw new UsageError(`--faults names ${JSON.stringify(name)}, which is no fault.`, {
        hint: `The faults are ${FAULT_NAMES.join(', ')}.`,
      });
    }
    if (seen.has(name)) throw new UsageError(`--faults names ${name} twice.`);
    seen.add(name);
    const share = rate === undefined || rate.trim() === '' ? Number.NaN : Number(rate);
    if (rest.length > 0 || !(share >= 0 && share <= 1)) {
      throw new UsageError(`--faults gives ${name} no rate from 0 to 1: ${JSON.stringify(part)}.`, {
        hint: `${name}=0.01 makes it 1 % of ${FAULTS[name]}.`,
      });
    }
    rates[name] = share;
  }
  return rates;
}

function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(FAULTS, name);
}
