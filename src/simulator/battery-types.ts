/** A battery as it is sold. Powers in W, energies in Wh. */
export interface BatteryType {
  readonly name: string;
  /** Usable energy when new. */
  readonly capacityWh: number;
  readonly maxPowerW: number;
  /** Energy out for energy in at the meter, charged and discharged in full, when new. */
  readonly roundTripEfficiency: number;
  readonly aging: CellAging;
}

/** Share of capacity lost: `perRootDay * sqrt(days) + perCycle * equivalent full cycles`. */
interface CellAging {
  readonly perRootDay: number;
  readonly perCycle: number;
}

/**
 * LFP at 25 degrees C and half charged. Calendar: k = 1.2571e-5 * 0.60225 a root second (Naumann et
 * al., J. Energy Storage 17, 2018, doi 10.1016/j.est.2018.01.019). Cycles: (0.0630 C + 0.0971) *
 * (4.0253 (DOC - 0.6)^3 + 1.0923) % a root cycle (Naumann et al., J. Power Sources 451, 2020, doi
 * 10.1016/j.jpowsour.2019.227666) at 0.5 C and 80 %; of that root, the secant at 3,000 cycles.
 */
const LFP: CellAging = {
  perRootDay: 1.2571e-5 * 0.60225 * Math.sqrt(86_400),
  perCycle: ((0.063 * 0.5 + 0.0971) * (4.0253 * 0.2 ** 3 + 1.0923)) / 100 / Math.sqrt(3000),
};

/**
 * NMC at 25 degrees C: b1 a root day and b2 a cycle of the lithium-limited capacity (Smith et al.,
 * "Life prediction model for grid-connected Li-ion battery energy storage system", ACC 2017, doi
 * 10.23919/ACC.2017.7963578).
 */
const NMC: CellAging = { perRootDay: 3.503e-3, perCycle: 1.541e-5 };

/** The types of the simulated fleets; sizes and efficiencies are those of usual products. */
export const BATTERY_TYPES: readonly BatteryType[] = [
  {
    name: 'lfp-100',
    capacityWh: 100_000,
    maxPowerW: 50_000,
    roundTripEfficiency: 0.9,
    aging: LFP,
  },
  {
    name: 'lfp-233',
    capacityWh: 233_000,
    maxPowerW: 100_000,
    roundTripEfficiency: 0.89,
    aging: LFP,
  },
  {
    name: 'lfp-1000',
    capacityWh: 1_000_000,
    maxPowerW: 500_000,
    roundTripEfficiency: 0.88,
    aging: LFP,
  },
  {
    name: 'nmc-180',
    capacityWh: 180_000,
    maxPowerW: 120_000,
    roundTripEfficiency: 0.91,
    aging: NMC,
  },
  {
    name: 'nmc-400',
    capacityWh: 400_000,
    maxPowerW: 250_000,
    roundTripEfficiency: 0.9,
    aging: NMC,
  },
];

/** What efficiency loses for capacity lost: an assumption, as resistance grows with both. */
const EFFICIENCY_LOST = 0.25;

/** What is left of a battery: capacity in Wh, and efficiency from meter to meter. */
export function conditionOf(
  type: BatteryType,
  ageDays: number,
  equivalentFullCycles: number,
): { capacityWh: number; roundTripEfficiency: number } {
  const { perRootDay, perCycle } = type.aging;
  const fade = perRootDay * Math.sqrt(Math.max(0, ageDays)) + perCycle * equivalentFullCycles;
  return {
    // no one keeps a battery that holds a third
    capacityWh: type.capacityWh * Math.max(0.3, 1 - fade),
    roundTripEfficiency: type.roundTripEfficiency - EFFICIENCY_LOST * Math.min(0.7, fade),
  };
}
